import { type Stack, type StackOptions, startStack } from "../../deploy/local/stack/stack";
import { collectorPort } from "../support/collector";
import type { Part } from "./parts";
import { type Outcome, runTests } from "./run-tests";
import { missingTools, type ToolName } from "./tools";

/** Runs the parts in order. Adjacent parts with the same `scale` share a stack. */
export async function runParts(
  wanted: Part[],
  o: { offset: number; only?: StackOptions["only"]; full?: boolean; env?: Record<string, string>; signal: AbortSignal },
): Promise<Outcome> {
  const total: Outcome = { passed: 0, failed: 0 };
  let stack: Stack | undefined;
  let scale: Part["scale"];
  try {
    for (const part of wanted) {
      if (stack && (part.tools || part.scale !== scale)) {
        await stack.stop();
        stack = undefined;
      }
      if (part.tools) {
        add(total, await runWithTools(part, part.tools, o));
        continue;
      }
      scale = part.scale;
      const report = (line: string) => console.log(line);
      const collectorUrl = part.exportsTraces && `http://127.0.0.1:${collectorPort(o.offset)}`;
      stack ??= await startStack({ ...o, scale, collectorUrl, appEnv: "test", fresh: true, report });
      console.log(`\n── ${part.name} ──`);
      add(total, await runTests({ ...part, env: { ...testEnv(stack), ...o.env }, full: o.full, signal: o.signal }));
    }
    return total;
  } finally {
    await stack?.stop();
  }
}

/** Runs a part that has no stack. Without its programs nothing of it can run, and each missing one is a failure. */
async function runWithTools(
  part: Part,
  tools: ToolName[],
  o: { offset: number; full?: boolean; signal: AbortSignal },
): Promise<Outcome> {
  console.log(`\n── ${part.name} ──`);
  const missing = missingTools(tools);
  for (const line of missing) console.log(`FAILED ${part.name}: ${line}`);
  if (missing.length > 0) return { passed: 0, failed: missing.length };
  return await runTests({ ...part, env: { TEST_PORT_OFFSET: String(o.offset) }, full: o.full, signal: o.signal });
}

function add(total: Outcome, { passed, failed }: Outcome): void {
  total.passed += passed;
  total.failed += failed;
}

const testEnv = ({ adminUrls, offset }: Stack) => ({
  TEST_POSTGRES_URL: adminUrls.postgres,
  TEST_MONGO_URL: adminUrls.mongo,
  TEST_REDIS_URL: adminUrls.redis,
  TEST_STACK_OFFSET: String(offset),
});
