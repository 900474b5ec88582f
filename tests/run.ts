import { Failure } from "../deploy/local/failure";
import { type Stack, startStack } from "../deploy/local/stack";
import { coverageProblems } from "./support/coverage";
import { type Outcome, runTests } from "./support/run-tests";

/**
 * `bun run test [path…]`: one stack of real servers for the whole run, then every test against it. Paths below `services`
 * and `deploy` need the stores only. `bun run test:full` adds what takes long: `*.full.test.ts`. The last line is `N passed, N failed`.
 */
const offset = Number(process.env.TEST_PORT_OFFSET ?? 4_000);
const full = process.argv.includes("--full");
const paths = process.argv.slice(2).filter((argument) => argument !== "--full");
const needsServices = paths.length === 0 || paths.some((path) => path.startsWith("tests"));
const stopping = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => stopping.abort());

/** Apart, because what is killed by the chaos tests must not be missed by others, and only units count for coverage. */
const parts: { name: string; paths: string[]; coverage?: true }[] = [
  { name: "unit", paths: ["services/", "deploy/"], coverage: true },
  { name: "architecture and contracts", paths: ["tests/architecture/", "tests/contract/"] },
  { name: "end to end", paths: ["tests/e2e/"] },
  { name: "chaos", paths: ["tests/chaos/"] },
];

async function run(): Promise<Outcome> {
  const report = (line: string) => console.log(line);
  const only = needsServices ? undefined : "stores";
  const stack = await startStack({ offset, appEnv: "test", fresh: true, report, only, signal: stopping.signal });
  try {
    const env = testEnv(stack);
    if (paths.length > 0) return await runTests({ paths, env, full, signal: stopping.signal });
    const total: Outcome = { passed: 0, failed: 0 };
    for (const part of parts) {
      console.log(`\n── ${part.name} ──`);
      const outcome = await runTests({ ...part, env, full, signal: stopping.signal });
      total.passed += outcome.passed;
      total.failed += outcome.failed;
    }
    const problems = await coverageProblems();
    for (const problem of problems) console.log(`coverage: ${problem}`);
    return { ...total, failed: total.failed + problems.length };
  } finally {
    await stack.stop();
  }
}

const testEnv = ({ adminUrls }: Stack) => ({
  TEST_POSTGRES_URL: adminUrls.postgres,
  TEST_MONGO_URL: adminUrls.mongo,
  TEST_REDIS_URL: adminUrls.redis,
  TEST_STACK_OFFSET: String(offset),
});

const started = performance.now();
try {
  const { passed, failed } = await run();
  console.log(`\nin ${Math.round((performance.now() - started) / 1000)} s`);
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed === 0 && passed > 0 ? 0 : 1);
} catch (error) {
  console.error(error instanceof Failure ? error.message : error);
  console.log("0 passed, 1 failed");
  process.exit(1);
}
