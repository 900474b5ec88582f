import { UserError } from "../deploy/local/user-error";
import { abortOnTermination } from "./runner/abort";
import { coverageProblems } from "./runner/coverage";
import { selectParts } from "./runner/parts";
import type { Outcome } from "./runner/run-tests";
import { runParts } from "./runner/with-stack";

/**
 * `bun run test [path…]`: starts a stack of real servers and runs every test against it, or those below the paths. The
 * tests that need two instances of a service run on a second stack. If no path is below `tests`, only the stores are
 * started. `bun run test:full` also runs the slow tests, `*.full.test.ts`, and the parts that need more programs, which
 * can be run alone by name: `bun run test:full containers`.
 *
 * The last line printed is `N passed, N failed`.
 */
const offset = Number(process.env.TEST_PORT_OFFSET ?? 4_000);
const full = process.argv.includes("--full");
const selected = process.argv.slice(2).filter((argument) => argument !== "--full");
const signal = abortOnTermination();

async function run(): Promise<Outcome> {
  const needsEdge = selected.length === 0 || selected.some((path) => path.startsWith("tests"));
  const wanted = selectParts(selected, full);
  const outcome = await runParts(wanted, { offset, only: needsEdge ? undefined : "stores", full, signal });
  if (selected.length > 0) return outcome;
  const problems = await coverageProblems();
  for (const problem of problems) console.log(`coverage: ${problem}`);
  return { ...outcome, failed: outcome.failed + problems.length };
}

const started = performance.now();
try {
  const { passed, failed } = await run();
  console.log(`\nfinished in ${Math.round((performance.now() - started) / 1000)} s`);
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed === 0 && passed > 0 ? 0 : 1);
} catch (error) {
  console.error(error instanceof UserError ? error.message : error);
  console.log("0 passed, 1 failed");
  process.exit(1);
}
