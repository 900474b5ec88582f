import { Glob } from "bun";
import { runToEnd } from "../../deploy/local/process/run-to-end";
import { scoreboardCheck } from "../support/score";

const runsMin = 10_000;

/** The folders that must have a property test: each contains a state machine. */
const stateMachines = [
  "services/_kit/saga/",
  "services/order/domain/",
  "services/payment/domain/",
  "services/inventory/domain/",
];

/** The test files that use testing/property.ts, which prints how often a property was run. */
async function findPropertyTests(): Promise<string[]> {
  const found: string[] = [];
  for await (const path of new Glob("services/**/*.test.ts").scan("."))
    if (!path.includes("node_modules") && (await Bun.file(path).text()).includes('testing/property"')) found.push(path);
  return found;
}

scoreboardCheck([16], 5 * 60_000, async () => {
  const paths = await findPropertyTests();
  const problems = stateMachines
    .filter((folder) => !paths.some((path) => path.startsWith(folder)))
    .map((folder) => `${folder} has no property test`);
  const properties: { runs: number }[] = [];
  for (const path of paths) {
    const { out, error } = await runTest(path);
    const reported = [...out.matchAll(/^property of (.+): (\d+) runs, (held|violated)$/gm)].map(
      ([, name, runs, outcome]) => ({ name, runs: Number(runs), outcome }),
    );
    if (error) problems.push(error);
    if (reported.length === 0) problems.push(`${path} reported no property`);
    for (const { name, runs, outcome } of reported)
      if (runs < runsMin || outcome !== "held") problems.push(`${name}: ${runs} runs, ${outcome}`);
    properties.push(...reported);
  }
  const runs = properties.reduce((total, property) => total + property.runs, 0);
  return [{ figure: `${properties.length} properties, ${runs} runs, ${problems.length} violations`, problems }];
});

async function runTest(path: string): Promise<{ out: string; error?: string }> {
  const { ok, out, err } = await runToEnd([process.execPath, "test", path], { timeoutMs: 4 * 60_000 });
  return ok ? { out } : { out, error: err.slice(-2_000) };
}
