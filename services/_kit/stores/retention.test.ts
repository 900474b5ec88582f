import { afterEach, expect, test } from "bun:test";
import { retentionDeleted } from "../telemetry/metrics";
import { eventually } from "../testing/eventually";
import { silentLog } from "../testing/log";
import { deleteRule, type RetentionRule, startRetention } from "./retention";

let stop: (() => Promise<void>) | undefined;
afterEach(() => stop?.());

const start = (...rules: RetentionRule[]) => {
  stop = startRetention({ rules, log: silentLog, everyMs: 5 });
};
const countDeleted = async (what: string) =>
  (await retentionDeleted.get()).values.find(({ labels }) => labels.what === what)?.value ?? 0;

/** A rule with `rows` old rows, and the sizes of the batches in which they were deleted. */
function oldRows(rows: number) {
  const what = crypto.randomUUID();
  const batches: number[] = [];
  let left = rows;
  const rule = deleteRule(what, async (limit) => {
    const count = Math.min(left, limit);
    left -= count;
    batches.push(count);
    return { count };
  });
  return { what, rule, batches, left: () => left };
}

test("old rows are deleted in batches until none is left, and counted", async () => {
  const old = oldRows(1_234);
  start(old.rule);
  await eventually(async () => (await countDeleted(old.what)) === 1_234);
  expect(old.batches.slice(0, 3)).toEqual([500, 500, 234]);
});

test("a large backlog is deleted over several runs, with the other rules in between", async () => {
  const many = oldRows(30_000);
  const rowsLeft: number[] = [];
  const other: RetentionRule = {
    name: "other",
    async removeBatch() {
      rowsLeft.push(many.left());
      return { removed: 0, isDone: true };
    },
  };
  start(many.rule, other);
  await eventually(() => rowsLeft.length >= 2);
  expect(rowsLeft.slice(0, 2)).toEqual([10_000, 0]);
});

test("a rule that fails is retried, and the other rules run all the same", async () => {
  const old = oldRows(3);
  let tries = 0;
  const failing: RetentionRule = {
    name: "failing",
    async removeBatch() {
      tries++;
      throw new Error("store unavailable");
    },
  };
  start(failing, old.rule);
  await eventually(() => tries >= 2 && old.left() === 0);
});

test("stop ends the run after the batch in progress", async () => {
  const endless = crypto.randomUUID();
  let batches = 0;
  const firstBatch = Promise.withResolvers<void>();
  start(
    deleteRule(endless, async (limit) => {
      batches++;
      firstBatch.resolve();
      return { count: limit };
    }),
  );
  await firstBatch.promise;
  await stop?.();
  const atStop = batches;
  expect(atStop).toBeLessThanOrEqual(40);
  await Bun.sleep(30);
  expect(batches).toBe(atStop);
});
