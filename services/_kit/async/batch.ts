import { isStoreOutage } from "../errors/store-outage";
import { inSharedSpan, traceparent } from "../telemetry/tracing";

/**
 * Combines requests that arrive at the same time. While `maxConcurrent` runs are under way, new requests wait and then
 * share the next run. Otherwise a request runs at once and alone, so batching adds no delay. If a batch fails, its
 * requests are run one by one, so that only the bad ones fail. During a store outage they all fail at once, because each
 * of them would only wait for the store.
 * Shared runs are traced by `inSharedSpan`: the work of one request never runs in the trace of another.
 * @param o.name what the runs do, for the name of their span
 * @param o.run returns one result for each item, in their order
 * @param o.maxSize the most items in one run
 * @param o.maxConcurrent the most runs under way at the same time
 */
export function batched<I, O>(o: {
  name: string;
  run: (items: I[]) => Promise<O[]>;
  maxSize: number;
  maxConcurrent: number;
}): (item: I) => Promise<O> {
  type Request = {
    item: I;
    traceparent: string | undefined;
    resolve: (result: O) => void;
    reject: (error: unknown) => void;
  };
  let waiting: Request[] = [];
  let running = 0;

  async function runBatch(batch: Request[]): Promise<void> {
    try {
      const callers = batch.map(({ traceparent }) => traceparent);
      const results = await inSharedSpan(o.name, callers, () => o.run(batch.map(({ item }) => item)));
      batch.forEach(({ resolve }, index) => {
        resolve(results[index] as O);
      });
    } catch (error) {
      const [only] = batch;
      if (batch.length === 1) only?.reject(error);
      else if (isStoreOutage(error)) for (const request of batch) request.reject(error);
      else for (const request of batch) await runBatch([request]);
    }
  }

  function startRuns(): void {
    while (running < o.maxConcurrent && waiting.length > 0) {
      const batch = waiting.slice(0, o.maxSize);
      waiting = waiting.slice(o.maxSize);
      running++;
      void runBatch(batch).finally(() => {
        running--;
        startRuns();
      });
    }
  }

  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, traceparent: traceparent(), resolve, reject });
      startRuns();
    });
}
