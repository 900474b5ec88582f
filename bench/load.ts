import autocannon from "autocannon";

export type LoadResult = {
  perSecond: number;
  p50Ms: number;
  p95Ms: number;
  p99Ms: number;
  /** Failed requests and responses that are not 2xx. */
  errors: number;
  requests: number;
};

type Options = Pick<autocannon.Options, "url" | "method" | "headers" | "body" | "connections" | "duration" | "amount">;

/** Sends requests in a closed loop: each connection sends its next request after the response to the previous one. */
export function runLoad(options: Options): Promise<LoadResult> {
  const times: number[] = [];
  return new Promise((resolve, reject) => {
    const run = autocannon({ ...options, timeout: 30 }, (error, result) => {
      if (error) return reject(error);
      times.sort((a, b) => a - b);
      resolve({
        perSecond: times.length / result.duration,
        p50Ms: percentile(times, 0.5),
        p95Ms: percentile(times, 0.95),
        p99Ms: percentile(times, 0.99),
        errors: result.errors + result.non2xx,
        requests: times.length,
      });
    });
    // autocannon's own result has no 95th percentile.
    run.on("response", (_client, _status, _bytes, responseMs) => times.push(responseMs));
  });
}

const percentile = (sorted: number[], share: number) =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
