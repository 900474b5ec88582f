import { startStack } from "../deploy/local/stack/stack";
import { UserError } from "../deploy/local/user-error";
import { openCounters } from "./counters";
import { type Measurement, measure } from "./measure";
import { report, type ScenarioRuns } from "./report";
import { scenarios } from "./scenarios";
import { prepareShop } from "./shop";

/**
 * `bun run bench [name…]`: starts a stack of its own and runs the scenarios whose names contain one of these texts, or
 * all. Each runs once as a warm-up and is then measured three times (BENCH_RUNS).
 */
const offset = Number(process.env.BENCH_PORT_OFFSET ?? 5_000);
const repeats = Number(process.env.BENCH_RUNS ?? 3);
const names = process.argv.slice(2);

async function bench(): Promise<string> {
  const stack = await startStack({ offset, appEnv: "bench", fresh: true, report: (line) => console.log(line) });
  const counters = await openCounters(stack);
  try {
    const shop = await prepareShop(stack.edgeUrl);
    const results: ScenarioRuns[] = [];
    for (const scenario of scenarios.filter(isSelected)) {
      console.log(`${scenario.name}: warm-up, then ${repeats} runs`);
      await scenario.run(shop, counters);
      const runs: Measurement[] = [];
      for (let run = 0; run < repeats; run++) runs.push(await measure(scenario, { stack, shop, counters }));
      results.push({ name: scenario.name, runs });
    }
    return report(results);
  } finally {
    await counters.close();
    await stack.stop();
  }
}

const isSelected = (scenario: { name: string }) =>
  names.length === 0 || names.some((name) => scenario.name.includes(name));

try {
  console.log(await bench());
  process.exit(0);
} catch (error) {
  console.error(error instanceof UserError ? error.message : error);
  process.exit(1);
}
