import type { StackHandle } from "../deploy/local/stack/stack-file";
import type { Counters, Counts } from "./counters";
import { cpuSecondsOfTree } from "./cpu";
import type { Outcome, Scenario } from "./scenarios";
import type { BenchShop } from "./shop";

export const servers = [
  ...["envoy", "user-0", "order-0", "payment-0", "inventory-0", "notification-0"],
  ...["sandbox", "postgres", "mongo", "redis"],
];

export type Measured = Outcome & {
  /** Per request, or per order where the scenario places orders. */
  jobs: number;
  orderWrites: number;
  commits: Record<string, number>;
  cpuMs: Record<string, number>;
  /** Share of one core that the load generator took. */
  clientCpu: number;
};

type Snapshot = { counts: Counts; cpu: Record<string, number>; client: NodeJS.CpuUsage; atMs: number };

/** One run of a scenario, with what it cost each process and store. */
export async function measure(
  scenario: Scenario,
  o: { stack: StackHandle; shop: BenchShop; counters: Counters },
): Promise<Measured> {
  const before = await snapshot(o);
  const outcome = await scenario.run(o.shop, o.counters);
  const busySeconds = (performance.now() - before.atMs) / 1000;
  await Bun.sleep(1_500); // acknowledgements are written together, once a second
  const after = await snapshot(o);
  const units = outcome.orders ?? outcome.requests;
  const each = (now: number, then: number) => (now - then) / units;
  return {
    ...outcome,
    jobs: each(after.counts.jobs, before.counts.jobs),
    orderWrites: each(after.counts.orderWrites, before.counts.orderWrites),
    commits: perKey(before.counts.commits, after.counts.commits, each),
    cpuMs: perKey(before.cpu, after.cpu, (now, then) => each(now, then) * 1000),
    clientCpu:
      (after.client.user + after.client.system - before.client.user - before.client.system) / 1e6 / busySeconds,
  };
}

const perKey = (
  before: Record<string, number>,
  after: Record<string, number>,
  of: (now: number, then: number) => number,
) => Object.fromEntries(Object.entries(after).map(([key, now]) => [key, of(now, before[key] ?? 0)]));

async function snapshot({ stack, counters }: { stack: StackHandle; counters: Counters }): Promise<Snapshot> {
  const cpu = Object.fromEntries(servers.map((name) => [name, cpuSecondsOfTree(stack.pid(name) ?? 0)]));
  return { counts: await counters.read(), cpu, client: process.cpuUsage(), atMs: performance.now() };
}
