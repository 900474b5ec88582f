import { type Stack, type StackOptions, startStack } from "../../deploy/local/stack/stack";
import type { ServiceName } from "../../services/_contracts/services";
import { collectorPort } from "./collector";
import { type Outcome, runTests } from "./run-tests";

/** Tests that run together on one stack. */
export type Part = {
  name: string;
  paths: string[];
  coverage?: true;
  /** The number of instances of each service that needs more than one. Such a part has its own stack. */
  scale?: Partial<Record<ServiceName, number>>;
  /** Traces are exported to `collectorPort`, where a test may receive them. */
  exportsTraces?: true;
};

export const parts: Part[] = [
  { name: "unit", paths: ["services/", "deploy/"], coverage: true },
  { name: "architecture and contracts", paths: ["tests/architecture/", "tests/contract/", "tests/edge/"] },
  { name: "end to end", paths: ["tests/e2e/"] },
  // After the parts above, because these tests kill processes that the others need.
  { name: "chaos", paths: ["tests/chaos/"] },
  {
    name: "two instances",
    paths: ["tests/instances/"],
    scale: { user: 2, order: 2, payment: 2, inventory: 2 },
    exportsTraces: true,
  },
];

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
      if (stack && part.scale !== scale) {
        await stack.stop();
        stack = undefined;
      }
      scale = part.scale;
      const report = (line: string) => console.log(line);
      const collectorUrl = part.exportsTraces && `http://127.0.0.1:${collectorPort(o.offset)}`;
      stack ??= await startStack({ ...o, scale, collectorUrl, appEnv: "test", fresh: true, report });
      console.log(`\n── ${part.name} ──`);
      const outcome = await runTests({ ...part, env: { ...testEnv(stack), ...o.env }, full: o.full, signal: o.signal });
      total.passed += outcome.passed;
      total.failed += outcome.failed;
    }
    return total;
  } finally {
    await stack?.stop();
  }
}

const testEnv = ({ adminUrls, offset }: Stack) => ({
  TEST_POSTGRES_URL: adminUrls.postgres,
  TEST_MONGO_URL: adminUrls.mongo,
  TEST_REDIS_URL: adminUrls.redis,
  TEST_STACK_OFFSET: String(offset),
});
