import Table from "cli-table3";
import { Failure } from "../deploy/local/failure";
import { startStack } from "../deploy/local/stack";
import { openCounters } from "./counters";
import { cpuSecondsOfTree } from "./cpu";
import { scenarios } from "./scenarios";
import { prepareShop } from "./shop";

/** `bun run bench`: a stack of its own, each scenario three times after a warm-up, medians. All load goes to loopback. */
const offset = Number(process.env.BENCH_PORT_OFFSET ?? 5_000);
const runs = Number(process.env.BENCH_RUNS ?? 3);
const processes = [
  "envoy",
  "user-0",
  "order-0",
  "payment-0",
  "inventory-0",
  "notification-0",
  "sandbox",
  "postgres",
  "mongo",
  "redis",
];

const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
const spread = (values: number[], digits = 0) =>
  `${median(values).toFixed(digits)} (${Math.min(...values).toFixed(digits)}–${Math.max(...values).toFixed(digits)})`;

async function bench(): Promise<void> {
  const stack = await startStack({ offset, appEnv: "bench", fresh: true, report: (line) => console.log(line) });
  const counters = await openCounters(stack);
  try {
    const shop = await prepareShop(stack.edgeUrl);
    const table = new Table({
      head: ["scenario", "requests/s", "p50 ms", "p95 ms", "p99 ms", "sagas/s", "errors", "client CPU"],
    });
    const costs = new Table({ head: ["per order", "jobs", "order writes", "commits", "CPU ms by process"] });
    for (const scenario of scenarios) {
      await scenario.run(shop, counters); // warm-up
      const results = [];
      for (let run = 0; run < runs; run++) {
        const before = {
          counts: await counters.read(),
          cpu: cpuNow(),
          client: process.cpuUsage(),
          at: performance.now(),
        };
        const result = await scenario.run(shop, counters);
        await Bun.sleep(1_500); // the last acknowledgements are written once a second
        const client = process.cpuUsage(before.client);
        results.push({
          ...result,
          before,
          after: await counters.read(),
          cpu: cpuNow(),
          clientSeconds: (client.user + client.system) / 1e6,
          seconds: (performance.now() - before.at) / 1000,
        });
      }
      const of = (pick: (result: (typeof results)[number]) => number) => results.map(pick);
      table.push([
        scenario.name,
        spread(of((r) => r.perSecond)),
        spread(
          of((r) => r.p50Ms),
          1,
        ),
        spread(
          of((r) => r.p95Ms),
          1,
        ),
        spread(
          of((r) => r.p99Ms),
          1,
        ),
        results[0]?.sagasPerSecond ? spread(of((r) => r.sagasPerSecond ?? 0)) : "–",
        String(of((r) => r.errors).reduce((a, b) => a + b, 0)),
        `${(median(of((r) => r.clientSeconds / r.seconds)) * 100).toFixed(0)} %`,
      ]);
      const last = results.at(-1);
      if (!last) continue;
      const per = last.orders ?? last.requests;
      const each = (now: number, then: number) => ((now - then) / per).toFixed(2);
      const commits = Object.entries(last.after.commits).map(
        ([name, now]) => `${name} ${each(now, last.before.counts.commits[name] ?? 0)}`,
      );
      const cpu = processes.map(
        (name) =>
          `${name.replace(/-0$/, "")} ${((((last.cpu[name] ?? 0) - (last.before.cpu[name] ?? 0)) * 1000) / per).toFixed(2)}`,
      );
      costs.push([
        scenario.name,
        each(last.after.jobs, last.before.counts.jobs),
        each(last.after.orderWrites, last.before.counts.orderWrites),
        commits.join("\n"),
        cpu.join("\n"),
      ]);
    }
    console.log(table.toString());
    console.log(costs.toString());
    console.log(
      "Closed loop over loopback through Envoy, 32 connections; client and servers share the machine. Median (min–max).",
    );
  } finally {
    await counters.close();
    await stack.stop();
  }

  function cpuNow(): Record<string, number> {
    return Object.fromEntries(processes.map((name) => [name, cpuSecondsOfTree(stack.pid(name) ?? 0)]));
  }
}

try {
  await bench();
  process.exit(0);
} catch (error) {
  console.error(error instanceof Failure ? error.message : error);
  process.exit(1);
}
