import Table from "cli-table3";
import type { Measurement } from "./measure";

export type ScenarioRuns = { name: string; runs: Measurement[] };

const method = `Requests are sent in a closed loop through Envoy, over the loopback interface. Client and servers share the
machine. Figures are the median of the runs (minimum–maximum).`;

/** Two tables: speed, and cost per order or request. */
export function report(scenarios: ScenarioRuns[]): string {
  const speed = new Table({
    head: ["scenario", "requests/s", "p50 ms", "p95 ms", "p99 ms", "sagas/s", "errors", "client CPU"],
  });
  const cost = new Table({ head: ["per order or request", "jobs", "MongoDB writes", "commits", "CPU ms"] });
  speed.push(...scenarios.map(speedRow));
  cost.push(...scenarios.map(costRow));
  return `${speed}\n${cost}\n${method}`;
}

function speedRow({ name, runs }: ScenarioRuns): string[] {
  const hasSagas = runs[0]?.sagasPerSecond !== undefined;
  const clientCpu = median(runs.map((run) => run.clientCpu));
  return [
    name,
    medianAndRange(runs.map((run) => run.perSecond)),
    ...(["p50Ms", "p95Ms", "p99Ms"] as const).map((key) => oneDecimal(runs.map((run) => run[key]))),
    hasSagas ? medianAndRange(runs.map((run) => run.sagasPerSecond ?? 0)) : "–",
    String(runs.reduce((sum, run) => sum + run.errors, 0)),
    `${(clientCpu * 100).toFixed(0)} %`,
  ];
}

function costRow({ name, runs }: ScenarioRuns): string[] {
  const cpuTotals = runs.map((run) => Object.values(run.cpuMs).reduce((sum, ms) => sum + ms, 0));
  return [
    name,
    median(runs.map((run) => run.jobs)).toFixed(2),
    median(runs.map((run) => run.mongoWrites)).toFixed(2),
    medianByKey(runs.map((run) => run.commits)),
    `${medianByKey(runs.map((run) => run.cpuMs))}\nall servers ${median(cpuTotals).toFixed(2)}`,
  ];
}

const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

/** For example `222 (191–223)`. */
const medianAndRange = (values: number[], digits = 0) =>
  `${median(values).toFixed(digits)} (${Math.min(...values).toFixed(digits)}–${Math.max(...values).toFixed(digits)})`;

const oneDecimal = (values: number[]) => medianAndRange(values, 1);

/** One line for each process or service. */
const medianByKey = (runs: Record<string, number>[]) =>
  Object.keys(runs[0] ?? {})
    .map((key) => `${key.replace(/-0$/, "")} ${median(runs.map((run) => run[key] ?? 0)).toFixed(2)}`)
    .join("\n");
