import { UserError } from "../deploy/local/user-error";
import { coverageProblems } from "./support/coverage";
import type { Outcome } from "./support/run-tests";
import { type Part, parts, runParts } from "./support/with-stack";

/**
 * `bun run test [path…]`: one stack of real servers for the whole run, then every test against it; the tests of several
 * instances have a second one. Paths below `services` and `deploy` need the stores only. `bun run test:full` adds what takes long:
 * `*.full.test.ts`. The last line is `N passed, N failed`.
 */
const offset = Number(process.env.TEST_PORT_OFFSET ?? 4_000);
const full = process.argv.includes("--full");
const paths = process.argv.slice(2).filter((argument) => argument !== "--full");
const stopping = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => stopping.abort());
const signal = stopping.signal;

async function run(): Promise<Outcome> {
  if (paths.length > 0) return await runPaths();
  const outcome = await runParts(parts, { offset, full, signal });
  const problems = await coverageProblems();
  for (const problem of problems) console.log(`coverage: ${problem}`);
  return { ...outcome, failed: outcome.failed + problems.length };
}

async function runPaths(): Promise<Outcome> {
  const scaled = parts.find(({ scale }) => scale) as Part;
  const needScaled = paths.filter((path) => scaled.paths.some((folder) => path.startsWith(folder.slice(0, -1))));
  const others = paths.filter((path) => !needScaled.includes(path));
  const only = others.some((path) => path.startsWith("tests")) || others.length === 0 ? undefined : "stores";
  const wanted = [
    ...(others.length > 0 ? [{ name: "as asked", paths: others }] : []),
    ...(needScaled.length > 0 ? [{ ...scaled, paths: needScaled }] : []),
  ];
  return await runParts(wanted, { offset, only, full, signal });
}

const started = performance.now();
try {
  const { passed, failed } = await run();
  console.log(`\nin ${Math.round((performance.now() - started) / 1000)} s`);
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed === 0 && passed > 0 ? 0 : 1);
} catch (error) {
  console.error(error instanceof UserError ? error.message : error);
  console.log("0 passed, 1 failed");
  process.exit(1);
}
