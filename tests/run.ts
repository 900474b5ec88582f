import { UserError } from "../deploy/local/user-error";
import { abortOnTermination } from "./support/abort";
import { coverageProblems } from "./support/coverage";
import type { Outcome } from "./support/run-tests";
import { type Part, parts, runParts } from "./support/with-stack";

/**
 * `bun run test [path…]`: starts a stack of real servers and runs every test against it, or those below the paths. The
 * tests that need two instances of a service run on a second stack. If no path is below `tests`, only the stores are
 * started. `bun run test:full` also runs the slow tests, `*.full.test.ts`.
 *
 * The last line printed is `N passed, N failed`.
 */
const offset = Number(process.env.TEST_PORT_OFFSET ?? 4_000);
const full = process.argv.includes("--full");
const paths = process.argv.slice(2).filter((argument) => argument !== "--full");
const signal = abortOnTermination();

async function run(): Promise<Outcome> {
  if (paths.length > 0) return await runPaths();
  const outcome = await runParts(parts, { offset, full, signal });
  const problems = await coverageProblems();
  for (const problem of problems) console.log(`coverage: ${problem}`);
  return { ...outcome, failed: outcome.failed + problems.length };
}

async function runPaths(): Promise<Outcome> {
  const scaledPart = parts.find(({ scale }) => scale) as Part;
  const scaledPaths = paths.filter((path) => scaledPart.paths.some((folder) => path.startsWith(folder.slice(0, -1))));
  const otherPaths = paths.filter((path) => !scaledPaths.includes(path));
  const only = paths.some((path) => path.startsWith("tests")) ? undefined : "stores";
  const wanted = [
    ...(otherPaths.length > 0 ? [{ name: "selected paths", paths: otherPaths }] : []),
    ...(scaledPaths.length > 0 ? [{ ...scaledPart, paths: scaledPaths }] : []),
  ];
  return await runParts(wanted, { offset, only, full, signal });
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
