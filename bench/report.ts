import Table from "cli-table3";
import type { Measured } from "./measure";

const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

/** The median, and between which values the runs lay. */
function spread(runs: Measured[], of: (run: Measured) => number, digits = 0): string {
  const values = runs.map(of);
  return `${median(values).toFixed(digits)} (${Math.min(...values).toFixed(digits)}–${Math.max(...values).toFixed(digits)})`;
}

export function report(results: { name: string; runs: Measured[] }[]): string {
  const speed = new Table({
    head: ["scenario", "requests/s", "p50 ms", "p95 ms", "p99 ms", "sagas/s", "errors", "client CPU"],
  });
  const cost = new Table({ head: ["for each request or order", "jobs", "order writes", "commits", "CPU ms"] });
  for (const { name, runs } of results) {
    const errors = runs.reduce((sum, run) => sum + run.errors, 0);
    const sagas = runs[0]?.sagasPerSecond === undefined ? "–" : spread(runs, (run) => run.sagasPerSecond ?? 0);
    speed.push([
      name,
      spread(runs, (run) => run.perSecond),
      ...([(run) => run.p50Ms, (run) => run.p95Ms, (run) => run.p99Ms] as ((run: Measured) => number)[]).map((of) =>
        spread(runs, of, 1),
      ),
      sagas,
      errors,
      `${(median(runs.map((run) => run.clientCpu)) * 100).toFixed(0)} %`,
    ]);
    const lines = (of: (run: Measured) => Record<string, number>) =>
      Object.keys(of(runs[0] as Measured))
        .map((key) => `${key.replace(/-0$/, "")} ${median(runs.map((run) => of(run)[key] ?? 0)).toFixed(2)}`)
        .join("\n");
    const total = median(runs.map((run) => Object.values(run.cpuMs).reduce((sum, ms) => sum + ms, 0)));
    cost.push([
      name,
      median(runs.map((run) => run.jobs)).toFixed(2),
      median(runs.map((run) => run.orderWrites)).toFixed(2),
      lines((run) => run.commits),
      `${lines((run) => run.cpuMs)}\nall servers ${total.toFixed(2)}`,
    ]);
  }
  return `${speed}\n${cost}\nClosed loop over loopback through Envoy; client and servers share the machine. Median (least–most) of the runs.`;
}
