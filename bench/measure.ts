import type { StackHandle } from "../deploy/local/stack/stack-file";
import { serviceNames } from "../services/_contracts/services";
import type { Counters, Counts } from "./counters";
import { cpuSecondsOfTree } from "./cpu";
import type { Scenario, ScenarioResult } from "./scenarios";
import type { BenchShop } from "./shop";

const servers = ["envoy", ...serviceNames.map((name) => `${name}-0`), ...["sandbox", "postgres", "mongo", "redis"]];

/** The result of a run, and its cost per confirmed order, or per request in scenarios that place no orders. */
export type Measurement = ScenarioResult & {
  jobs: number;
  mongoWrites: number;
  commits: Record<string, number>;
  cpuMs: Record<string, number>;
  /** The CPU time of the load generator, as a share of one core. */
  clientCpu: number;
};

type Snapshot = { counts: Counts; cpuSeconds: Record<string, number>; client: NodeJS.CpuUsage; atMs: number };

/** Runs a scenario and compares the counters of all processes and stores before and after. */
export async function measure(
  scenario: Scenario,
  o: { stack: StackHandle; shop: BenchShop; counters: Counters },
): Promise<Measurement> {
  const before = await takeSnapshot(o);
  const result = await scenario.run(o.shop, o.counters);
  const elapsedSeconds = (performance.now() - before.atMs) / 1000;
  // Order writes its acknowledgements once a second, and PostgreSQL reports commits about a second late.
  await Bun.sleep(1_500);
  const after = await takeSnapshot(o);
  const units = result.orders ?? result.requests;
  const perUnit = (end: number, start: number) => (end - start) / units;
  const clientCpuSeconds = (after.client.user + after.client.system - before.client.user - before.client.system) / 1e6;
  return {
    ...result,
    jobs: perUnit(after.counts.jobs, before.counts.jobs),
    mongoWrites: perUnit(after.counts.mongoWrites, before.counts.mongoWrites),
    commits: combine(after.counts.commits, before.counts.commits, perUnit),
    cpuMs: combine(after.cpuSeconds, before.cpuSeconds, (end, start) => perUnit(end, start) * 1000),
    clientCpu: clientCpuSeconds / elapsedSeconds,
  };
}

const combine = (
  after: Record<string, number>,
  before: Record<string, number>,
  calculate: (end: number, start: number) => number,
) => Object.fromEntries(Object.entries(after).map(([key, end]) => [key, calculate(end, before[key] ?? 0)]));

async function takeSnapshot({ stack, counters }: { stack: StackHandle; counters: Counters }): Promise<Snapshot> {
  const cpuSeconds = Object.fromEntries(servers.map((name) => [name, cpuSecondsOfTree(stack.pid(name) ?? 0)]));
  return { counts: await counters.read(), cpuSeconds, client: process.cpuUsage(), atMs: performance.now() };
}
