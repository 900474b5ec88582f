import { startStack } from "../deploy/local/stack/stack";
import { UserError } from "../deploy/local/user-error";
import { openCounters } from "./counters";
import { type Measured, measure } from "./measure";
import { report } from "./report";
import { scenarios } from "./scenarios";
import { prepareShop } from "./shop";

/** `bun run bench [scenario…]`: a stack of its own, each scenario a few times after a warm-up. All load goes to loopback. */
const offset = Number(process.env.BENCH_PORT_OFFSET ?? 5_000);
const repeats = Number(process.env.BENCH_RUNS ?? 3);
const wanted = process.argv.slice(2);

async function bench(): Promise<string> {
  const stack = await startStack({ offset, appEnv: "bench", fresh: true, report: (line) => console.log(line) });
  const counters = await openCounters(stack);
  try {
    const shop = await prepareShop(stack.edgeUrl);
    const results: { name: string; runs: Measured[] }[] = [];
    for (const scenario of scenarios.filter(
      ({ name }) => wanted.length === 0 || wanted.some((word) => name.includes(word)),
    )) {
      console.log(`${scenario.name}: warm-up, then ${repeats} runs`);
      await scenario.run(shop, counters);
      const runs: Measured[] = [];
      for (let run = 0; run < repeats; run++) runs.push(await measure(scenario, { stack, shop, counters }));
      results.push({ name: scenario.name, runs });
    }
    return report(results);
  } finally {
    await counters.close();
    await stack.stop();
  }
}

try {
  console.log(await bench());
  process.exit(0);
} catch (error) {
  console.error(error instanceof UserError ? error.message : error);
  process.exit(1);
}
