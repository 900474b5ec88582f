import { expect, test } from "bun:test";
import { inSpan, startTelemetry, traceId } from "../telemetry/tracing";
import { batched } from "./batch";

test("requests that arrive during a run share the next run, and each gets its own result", async () => {
  const { promise: opened, resolve: open } = Promise.withResolvers<void>();
  const runs: number[][] = [];
  const double = batched<number, number>({
    name: "work",
    maxSize: 3,
    maxConcurrent: 1,
    async run(items) {
      runs.push(items);
      if (runs.length === 1) await opened;
      return items.map((item) => item * 2);
    },
  });
  const results = [1, 2, 3, 4, 5].map(double);
  open();
  expect(await Promise.all(results)).toEqual([2, 4, 6, 8, 10]);
  expect(runs).toEqual([[1], [2, 3, 4], [5]]);
});

test("a bad request fails alone", async () => {
  const { promise: opened, resolve: open } = Promise.withResolvers<void>();
  let first = true;
  const invert = batched<number, number>({
    name: "work",
    maxSize: 10,
    maxConcurrent: 1,
    async run(items) {
      if (first) {
        first = false;
        await opened;
      }
      if (items.includes(0)) throw new Error("zero");
      return items.map((item) => 1 / item);
    },
  });
  const results = [1, 2, 0, 4].map(invert);
  open();
  const settled = await Promise.allSettled(results);
  expect(settled.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected", "fulfilled"]);
});

test("no more than maxConcurrent runs are under way", async () => {
  let running = 0;
  let runningMax = 0;
  const work = batched<number, number>({
    name: "work",
    maxSize: 1,
    maxConcurrent: 2,
    async run(items) {
      runningMax = Math.max(runningMax, ++running);
      await Bun.sleep(1);
      running--;
      return items;
    },
  });
  await Promise.all(Array.from({ length: 10 }, (_, index) => work(index)));
  expect(runningMax).toBe(2);
});

test("during a store outage a batch fails as a whole and is not run one by one", async () => {
  let runs = 0;
  const unavailable = batched<number, number>({
    name: "work",
    maxSize: 10,
    maxConcurrent: 1,
    async run() {
      runs++;
      throw Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
    },
  });
  const results = await Promise.allSettled([1, 2, 3, 4].map(unavailable));
  expect(results.map(({ status }) => status)).toEqual(Array(4).fill("rejected"));
  expect(runs).toBe(2); // the first request alone, the other three together
});

test("no request runs in the trace of another: a single one runs in its own, several in a trace of theirs", async () => {
  await startTelemetry("test", undefined);
  const { promise: opened, resolve: open } = Promise.withResolvers<void>();
  const runs: { items: string[]; trace: string }[] = [];
  const remember = batched<string, string>({
    name: "work",
    maxSize: 2,
    maxConcurrent: 1,
    async run(items) {
      runs.push({ items, trace: traceId() });
      if (runs.length === 1) await opened;
      return items.map(traceId);
    },
  });
  const callers = new Map<string, string>();
  const results = ["a", "b", "c", "d"].map((item) =>
    inSpan(item, { root: true }, async () => {
      callers.set(item, traceId());
      await remember(item);
      return traceId();
    }),
  );
  open();
  expect(await Promise.all(results)).toEqual([...callers.values()]);
  expect(runs.map(({ items }) => items)).toEqual([["a"], ["b", "c"], ["d"]]);
  const [alone, shared, last] = runs.map(({ trace }) => trace);
  expect([alone, last]).toEqual([callers.get("a"), callers.get("d")]);
  expect(shared).toMatch(/^[0-9a-f]{32}$/);
  expect([...callers.values()]).not.toContain(shared);
});
