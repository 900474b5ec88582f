import { describe, expect, test } from "bun:test";
import type { Publisher } from "../messaging/publisher";
import type { QueueSnapshot } from "../messaging/queue-snapshot";
import { degraded, outboxOldestUnsent, outboxUnsent } from "../telemetry/metrics";
import { eventually } from "../testing/eventually";
import { silentLog } from "../testing/log";
import { aMessage } from "../testing/queue";
import { startRelay } from "./relay";
import type { CommittedMessages, OutboxStore } from "./store";

const committed = (n: number): CommittedMessages<number> => {
  const message = aMessage("to.a", `s${n}`, n);
  return { outgoing: [{ message, jobId: message.id }], ack: n };
};

/** A relay between a store and a queue in memory, each of which can be made unavailable. */
function aRelay(o: { sweepEveryMs?: number } = {}) {
  const state = {
    queueUp: true,
    storeUp: true,
    publishFails: false,
    whilePublishing: undefined as (() => Promise<void>) | undefined,
    unclaimed: [] as CommittedMessages<number>[],
    published: [] as number[],
    acknowledged: [] as number[],
    claims: 0,
    identity: "redis-1",
    /** Other processes see a later Redis instance. */
    isLate: false,
    oldest: new Map([["a", Number.POSITIVE_INFINITY]]) as QueueSnapshot["oldest"],
    /** The Redis identities for which messages were resent. */
    resentFor: [] as string[],
    /** The watermarks of queue `a`. */
    handledBefore: [] as (Date | undefined)[],
    backlog: { unsent: 0, oldestSeconds: 0 },
  };
  const publisher: Publisher = {
    async publish(outgoing) {
      await Bun.sleep(1);
      await state.whilePublishing?.();
      if (!state.queueUp || state.publishFails) throw new Error("Redis is unavailable");
      state.published.push(...outgoing.map((item) => item.message.sequence));
    },
    connected: () => state.queueUp,
    async snapshot() {
      if (!state.queueUp) throw new Error("Redis is unavailable");
      return { identity: state.identity, oldest: state.oldest };
    },
    close: async () => {},
  };
  const store: OutboxStore<number> = {
    async claim() {
      state.claims++;
      if (!state.storeUp) throw new Error("the store is unavailable");
      return state.unclaimed.splice(0, 2);
    },
    async acknowledge(acks) {
      if (!state.storeUp) throw new Error("the store is unavailable");
      state.acknowledged.push(...acks);
    },
    async adopt(identity, before) {
      if (!state.storeUp) throw new Error("the store is unavailable");
      if (identity !== before && !state.isLate) state.resentFor.push(identity);
      return { isLatest: !state.isLate, resent: 0 };
    },
    async recordHandled(byQueue) {
      state.handledBefore.push(byQueue.get("a"));
    },
    backlog: async () => state.backlog,
  };
  const relay = startRelay({
    store,
    publisher,
    log: silentLog,
    acknowledgeEveryMs: 5,
    sweepEveryMs: o.sweepEveryMs ?? 5,
    sampleEveryMs: 5,
    measureEveryMs: 5,
  });
  return { state, relay };
}
const isDegraded = async () => (await degraded.get()).values[0]?.value;

describe("a relay", () => {
  test("publishes a commit at once and acknowledges it", async () => {
    const { state, relay } = aRelay({ sweepEveryMs: 60_000 });
    relay.dispatch(committed(1));
    relay.dispatch({ outgoing: [] });
    await eventually(() => state.acknowledged.length === 1);
    expect(state.published).toEqual([1]);
    await relay.close();
  });
  test("sweeps until nothing is left, without pauses", async () => {
    const { state, relay } = aRelay({ sweepEveryMs: 50 });
    state.unclaimed = Array.from({ length: 41 }, (_, n) => committed(n));
    await eventually(() => state.acknowledged.length === 41);
    expect(state.claims).toBeGreaterThan(20);
    await relay.close();
  });
  test("does not acknowledge what it could not publish", async () => {
    const { state, relay } = aRelay({ sweepEveryMs: 60_000 });
    state.publishFails = true;
    relay.dispatch(committed(1));
    await relay.close();
    expect(state.acknowledged).toEqual([]);
    expect(await isDegraded()).toBe(1);
  });
  test("is degraded and claims nothing without Redis, and continues when Redis is back", async () => {
    const { state, relay } = aRelay();
    state.queueUp = false;
    state.unclaimed = [committed(1)];
    await eventually(async () => (await isDegraded()) === 1);
    expect(state.claims).toBe(0);
    state.queueUp = true;
    await eventually(() => state.acknowledged.length === 1);
    expect(await isDegraded()).toBe(0);
    await relay.close();
  });
  test("continues after a store outage", async () => {
    const { state, relay } = aRelay();
    await eventually(() => state.claims > 0);
    state.storeUp = false;
    relay.dispatch(committed(1));
    await eventually(() => state.published.length === 1);
    await eventually(() => state.claims > 2);
    state.storeUp = true;
    state.unclaimed = [committed(2)];
    await eventually(() => state.acknowledged.includes(2));
    await relay.close();
  });
  test("measures the backlog, with or without Redis", async () => {
    const { state, relay } = aRelay();
    state.queueUp = false;
    const measured = async () => [
      (await outboxUnsent.get()).values[0]?.value,
      (await outboxOldestUnsent.get()).values[0]?.value,
    ];
    state.backlog = { unsent: 3, oldestSeconds: 61.5 };
    await eventually(async () => (await measured()).join() === "3,61.5");
    // The clock of the database may be slightly behind.
    state.backlog = { unsent: 0, oldestSeconds: -0.001 };
    await eventually(async () => (await measured()).join() === "0,0");
    await relay.close();
  });
  test("waits on close for dispatched messages and acknowledges them", async () => {
    const { state, relay } = aRelay({ sweepEveryMs: 60_000 });
    for (let n = 0; n < 5; n++) relay.dispatch(committed(n));
    await relay.close();
    expect(state.acknowledged).toEqual([0, 1, 2, 3, 4]);
  });
  test("ends a long sweep on close", async () => {
    const { state, relay } = aRelay();
    const refill = setInterval(() => state.unclaimed.push(committed(1), committed(2), committed(3)), 1);
    await eventually(() => state.claims > 3);
    await relay.close();
    clearInterval(refill);
  });
});

describe("when the Redis instance changes", () => {
  test("unhandled messages are resent once, after a store outage too", async () => {
    const { state, relay } = aRelay({ sweepEveryMs: 60_000 });
    await eventually(() => state.handledBefore.length > 1);
    expect(state.resentFor).toEqual(["redis-1"]); // the store finds it unchanged and resends nothing
    state.storeUp = false;
    state.identity = "redis-2";
    const before = state.handledBefore.length;
    await Bun.sleep(30);
    // What the new instance holds says nothing about messages sent to the old one.
    expect(state.handledBefore.length).toBe(before);
    state.storeUp = true;
    await eventually(() => state.handledBefore.length > before + 2);
    expect(state.resentFor).toEqual(["redis-1", "redis-2"]);
    await relay.close();
  });
  test("a message published at that moment is not acknowledged, because it may have gone to the lost one", async () => {
    const { state, relay } = aRelay({ sweepEveryMs: 60_000 });
    await eventually(() => state.resentFor.length === 1);
    state.whilePublishing = async () => {
      state.identity = "redis-2";
      await eventually(() => state.resentFor.length === 2);
    };
    relay.dispatch(committed(1));
    await eventually(() => state.published.length === 1);
    state.whilePublishing = undefined;
    relay.dispatch(committed(2));
    await eventually(() => state.acknowledged.length === 1);
    expect(state.acknowledged).toEqual([2]);
    await relay.close();
  });
  test("a process that is still connected to the earlier one publishes and claims nothing", async () => {
    const { state, relay } = aRelay();
    state.isLate = true;
    relay.dispatch(committed(1));
    state.unclaimed = [committed(2)];
    await Bun.sleep(50);
    expect([state.published, state.claims]).toEqual([[], 0]);
    state.isLate = false;
    await eventually(() => state.acknowledged.includes(2));
    await relay.close();
  });
  test("the change is not detected before Redis is back", async () => {
    const { state, relay } = aRelay();
    await eventually(() => state.resentFor.length === 1);
    state.queueUp = false;
    state.identity = "redis-2";
    await Bun.sleep(30);
    expect(state.resentFor).toEqual(["redis-1"]);
    state.queueUp = true;
    await eventually(() => state.resentFor.length === 2);
    await relay.close();
  });
});

describe("the watermark of handled messages", () => {
  test("is ten seconds before the oldest unfinished job", async () => {
    const { state, relay } = aRelay();
    state.oldest = new Map([["a", Date.parse("2026-01-01T00:01:00Z")]]);
    await eventually(() => state.handledBefore.length > 2);
    expect(state.handledBefore.at(-1)).toEqual(new Date("2026-01-01T00:00:50Z"));
    await relay.close();
  });
  test("is ten seconds ago when every job is finished", async () => {
    const { state, relay } = aRelay();
    const started = Date.now();
    await eventually(() => state.handledBefore.length > 0);
    const watermark = state.handledBefore.at(-1)?.getTime() as number;
    expect(watermark).toBeGreaterThanOrEqual(started - 10_000);
    expect(watermark).toBeLessThanOrEqual(Date.now() - 10_000);
    await relay.close();
  });
  test("is zero while there are too many jobs to examine", async () => {
    const { state, relay } = aRelay();
    state.oldest = new Map([["a", 0]]);
    await eventually(() => state.handledBefore.length > 2);
    expect(state.handledBefore.at(-1)).toEqual(new Date(0));
    await relay.close();
  });
});
