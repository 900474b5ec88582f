import { afterEach, expect, test } from "bun:test";
import { retentionDeleted } from "../telemetry/metrics";
import { eventually } from "../testing/eventually";
import { silentLog } from "../testing/log";
import { type RetentionRule, rowsRule, startRetention } from "./retention";

let stop: (() => Promise<void>) | undefined;
afterEach(() => stop?.());

const start = (...rules: RetentionRule[]) => {
  stop = startRetention({ rules, log: silentLog, everyMs: 5 });
};
const counted = async (what: string) =>
  (await retentionDeleted.get()).values.find(({ labels }) => labels.what === what)?.value ?? 0;

/** So many old rows, and in which portions they were removed. */
function heap(rows: number) {
  const what = crypto.randomUUID();
  const portions: number[] = [];
  let left = rows;
  const rule = rowsRule(what, async (limit) => {
    const count = Math.min(left, limit);
    left -= count;
    portions.push(count);
    return { count };
  });
  return { what, rule, portions, left: () => left };
}

test("removes what is old in portions until nothing is left, and counts it", async () => {
  const old = heap(1_234);
  start(old.rule);
  await eventually(async () => (await counted(old.what)) === 1_234);
  expect(old.portions.slice(0, 3)).toEqual([500, 500, 234]);
});

test("years of old rows are removed over several runs, with the other rules in between", async () => {
  const many = heap(30_000);
  const leftThen: number[] = [];
  const other: RetentionRule = {
    what: "other",
    async removeSome() {
      leftThen.push(many.left());
      return { removed: 0, isDone: true };
    },
  };
  start(many.rule, other);
  await eventually(() => leftThen.length >= 2);
  expect(leftThen.slice(0, 2)).toEqual([10_000, 0]);
});

test("a rule that fails holds up no other, and is tried again", async () => {
  const old = heap(3);
  let tries = 0;
  const failing: RetentionRule = {
    what: "failing",
    async removeSome() {
      tries++;
      throw new Error("the store is away");
    },
  };
  start(failing, old.rule);
  await eventually(() => tries >= 2 && old.left() === 0);
});

test("stops between two portions", async () => {
  const endless = crypto.randomUUID();
  let portions = 0;
  const reached = Promise.withResolvers<void>();
  start(
    rowsRule(endless, async (limit) => {
      portions++;
      reached.resolve();
      return { count: limit };
    }),
  );
  await reached.promise;
  await stop?.();
  const then = portions;
  expect(then).toBeLessThanOrEqual(40);
  await Bun.sleep(30);
  expect(portions).toBe(then);
});
