import { Glob } from "bun";
import { scored } from "../support/score";

const leastRuns = 10_000;

/** The unit tests whose properties are tried thoroughly: they say themselves how often they were. */
async function propertyTests(): Promise<string[]> {
  const found: string[] = [];
  for await (const path of new Glob("services/**/*.test.ts").scan("."))
    if (!path.includes("node_modules") && (await Bun.file(path).text()).includes("thoroughly(")) found.push(path);
  if (found.length === 0) throw new Error("there is no property test");
  return found;
}

scored([16], 5 * 60_000, async () => {
  const run = Bun.spawn([process.execPath, "test", ...(await propertyTests())], {
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 4 * 60_000,
  });
  const [out, err] = await Promise.all([new Response(run.stdout).text(), new Response(run.stderr).text()]);
  const failed = (await run.exited) !== 0;
  const tried = [...out.matchAll(/^property of (.+): (\d+) runs, (held|violated)$/gm)].map(
    ([, what, runs, outcome]) => ({
      what,
      runs: Number(runs),
      outcome,
    }),
  );
  const problems = tried
    .filter(({ runs, outcome }) => runs < leastRuns || outcome !== "held")
    .map(({ what, runs, outcome }) => `${what}: ${runs} runs, ${outcome}`);
  if (failed) problems.push(err.slice(-2_000));
  for (const must of ["the saga engine", "an order's moves", "payments", "stock"])
    if (!tried.some(({ what }) => what?.startsWith(must))) problems.push(`nothing was said about ${must}`);
  const total = tried.reduce((sum, { runs }) => sum + runs, 0);
  return [{ figure: `${tried.length} properties, ${total} runs, ${problems.length} violations`, problems }];
});
