import { expect, test } from "bun:test";
import { batched } from "./batch";

function held() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}

test("what comes while a run is under way shares the next, and each gets its own result", async () => {
  const { open, opened } = held();
  const groups: number[][] = [];
  const double = batched<number, number>({
    maxSize: 3,
    maxConcurrent: 1,
    async run(items) {
      groups.push(items);
      if (groups.length === 1) await opened;
      return items.map((item) => item * 2);
    },
  });
  const results = [1, 2, 3, 4, 5].map(double);
  open();
  expect(await Promise.all(results)).toEqual([2, 4, 6, 8, 10]);
  expect(groups).toEqual([[1], [2, 3, 4], [5]]);
});

test("a bad one fails alone", async () => {
  const { open, opened } = held();
  let first = true;
  const invert = batched<number, number>({
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

test("no more runs are under way than allowed", async () => {
  let running = 0;
  let mostRunning = 0;
  const work = batched<number, number>({
    maxSize: 1,
    maxConcurrent: 2,
    async run(items) {
      mostRunning = Math.max(mostRunning, ++running);
      await Bun.sleep(1);
      running--;
      return items;
    },
  });
  await Promise.all(Array.from({ length: 10 }, (_, index) => work(index)));
  expect(mostRunning).toBe(2);
});

test("all fail at once when the store is away: each alone would wait for it", async () => {
  let runs = 0;
  const away = batched<number, number>({
    maxSize: 10,
    maxConcurrent: 1,
    async run() {
      runs++;
      throw Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
    },
  });
  const results = await Promise.allSettled([1, 2, 3, 4].map(away));
  expect(results.map(({ status }) => status)).toEqual(Array(4).fill("rejected"));
  expect(runs).toBe(2); // the first alone, the others together
});
