import { expect, test } from "bun:test";
import { silentLog } from "../testing/log";
import { redisMonitor } from "./redis-monitor";
import { fakeQueue } from "./testing/fake-queue";

/** A monitor of a fake queue, with the identities and watermarks that reach the store. */
function aMonitor() {
  const queue = fakeQueue();
  const state = {
    resentFor: [] as string[],
    handledBefore: [] as (Date | undefined)[],
    storeUp: true,
    /** The store knows a later Redis instance. */
    isLate: false,
    snapshotFails: false,
  };
  const store = {
    async adopt(identity: string, before: string | undefined) {
      if (!state.storeUp) throw new Error("the store is unavailable");
      if (identity !== before && !state.isLate) state.resentFor.push(identity);
      return { isLatest: !state.isLate, resent: 0 };
    },
    async recordHandled(byQueue: ReadonlyMap<string, Date>) {
      state.handledBefore.push(byQueue.get("a"));
    },
  };
  const publisher = {
    ...queue.publisher,
    snapshot: () => (state.snapshotFails ? Promise.reject(new Error("connection lost")) : queue.publisher.snapshot()),
  };
  const monitor = redisMonitor({ store, publisher, log: silentLog });
  return { queue, state, monitor };
}

test("each check reports the watermark; messages are resent only when the identity changes", async () => {
  const { queue, state, monitor } = aMonitor();
  queue.oldest = new Map([["a", 60_000]]);
  expect(monitor.latest()).toBeUndefined();
  await monitor.check();
  await monitor.check();
  expect(monitor.latest()).toBe("redis-1");
  expect(state).toMatchObject({ resentFor: ["redis-1"], handledBefore: [new Date(50_000), new Date(50_000)] });
  queue.identity = "redis-2";
  await monitor.check();
  expect(monitor.latest()).toBe("redis-2");
  expect(state.resentFor).toEqual(["redis-1", "redis-2"]);
});

test("nothing is reported while Redis is disconnected, or when the snapshot fails", async () => {
  const { queue, state, monitor } = aMonitor();
  queue.mode = "down";
  await monitor.check();
  expect(queue.snapshots).toBe(0);
  queue.mode = "up";
  state.snapshotFails = true;
  await monitor.check();
  expect(monitor.latest()).toBeUndefined();
  expect(state).toMatchObject({ resentFor: [], handledBefore: [] });
});

test("a new identity is adopted only after the store has marked messages for resending", async () => {
  const { state, monitor } = aMonitor();
  state.storeUp = false;
  await expect(monitor.check()).rejects.toThrow("unavailable");
  expect(monitor.latest()).toBeUndefined();
  expect(state.handledBefore).toEqual([]);
  state.storeUp = true;
  await monitor.check();
  expect(monitor.latest()).toBe("redis-1");
});

test("on an earlier instance a process is late: it has no latest one and reports no watermark", async () => {
  const { queue, state, monitor } = aMonitor();
  await monitor.check();
  state.isLate = true;
  await monitor.check();
  expect([monitor.latest(), monitor.isLate()]).toEqual([undefined, true]);
  expect(state.handledBefore).toHaveLength(1);
  state.isLate = false;
  queue.identity = "redis-2";
  await monitor.check();
  expect([monitor.latest(), monitor.isLate()]).toEqual(["redis-2", false]);
});
