import { describe, expect, test } from "bun:test";
import { plusSeconds } from "../clock";
import { type DueDocument, decideReminder, mayBeQueued } from "./reminders";

const now = new Date("2026-01-01T00:00:00.000Z");
/** A document whose saga waits for a reply that is due now. */
const decide = (doc: Partial<DueDocument> = {}) =>
  decideReminder({ hasUnsent: false, nextWakeAt: now, isOverdue: false, mayBeQueued: false, retries: 0, ...doc }, now);

describe("a due document", () => {
  test("with unsent messages is published, whatever its saga waits for", () => {
    const publish = { action: "publish", wakeAt: plusSeconds(now, 10) } as const;
    expect(decide({ hasUnsent: true })).toEqual(publish);
    expect(decide({ hasUnsent: true, isOverdue: true, mayBeQueued: true })).toEqual(publish);
    expect(decide({ hasUnsent: true, nextWakeAt: undefined })).toEqual(publish);
    expect(decide({ hasUnsent: true, nextWakeAt: plusSeconds(now, 60) })).toEqual(publish);
  });
  test("with nothing to send and nothing to wait for rests", () => {
    expect(decide({ nextWakeAt: undefined })).toEqual({ action: "rest" });
  });
  test("whose reply is not due is postponed until then, without counting as waiting", () => {
    const nextWakeAt = plusSeconds(now, 0.001);
    expect(decide({ nextWakeAt, isOverdue: true })).toEqual({ action: "postpone", wakeAt: nextWakeAt });
  });
  test("whose reply is due has its command retried", () => {
    expect(decide()).toEqual({ action: "retry", wakeAt: plusSeconds(now, 10), waitedSeconds: 10 });
  });
  test("whose command may be queued waits without a retry, and without a longer pause", () => {
    const wait = { action: "wait", wakeAt: plusSeconds(now, 10), waitedSeconds: 10 } as const;
    expect(decide({ mayBeQueued: true, retries: 5 })).toEqual(wait);
  });
  test("whose saga is overdue is given up, although its command may be queued", () => {
    const giveUp = { action: "give_up", wakeAt: plusSeconds(now, 10), waitedSeconds: 10 } as const;
    expect(decide({ isOverdue: true, retries: 5 })).toEqual(giveUp);
    expect(decide({ isOverdue: true, mayBeQueued: true })).toEqual(giveUp);
  });
});

test.each([
  [0, 10],
  [1, 20],
  [2, 40],
  [5, 320],
  [6, 600],
  [50, 600],
  [5_000, 600],
])("after %i retries the next pause is %i s", (retries, seconds) => {
  expect(decide({ retries })).toEqual({
    action: "retry",
    wakeAt: plusSeconds(now, seconds),
    waitedSeconds: seconds,
  });
});

describe("a command", () => {
  const handled = (a: number, b: number) =>
    new Map([
      ["a", plusSeconds(now, a)],
      ["b", plusSeconds(now, b)],
    ]);
  test("is not queued once everything sent before and with it is handled in every queue", () => {
    expect(mayBeQueued(now, ["a", "b"], handled(1, 1))).toBe(false);
  });
  test("may be queued until the watermark of every queue has passed it", () => {
    expect(mayBeQueued(now, ["a", "b"], handled(1, 0))).toBe(true);
    expect(mayBeQueued(now, ["a", "b"], handled(0, 1))).toBe(true);
  });
  test("may be queued in a queue that no snapshot has shown yet", () => {
    expect(mayBeQueued(now, ["a", "c"], handled(1, 1))).toBe(true);
  });
});
