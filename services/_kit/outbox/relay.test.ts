import { describe, expect, test } from "bun:test";
import { every } from "../async/every";
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

/** A store and a queue in memory, either of which may be away. */
function aRelay(o: { sweepEveryMs?: number } = {}) {
  const state = {
    queueUp: true,
    storeUp: true,
    publishFails: false,
    left: [] as CommittedMessages<number>[],
    published: [] as number[],
    acknowledged: [] as number[],
    claims: 0,
    identity: "redis-1",
    oldest: new Map([["a", Number.POSITIVE_INFINITY]]) as QueueSnapshot["oldest"],
    /** Which Redis each time to send again was found, and until when was forgotten. */
    sentAgain: [] as string[],
    forgotten: [] as (Date | undefined)[],
    backlog: { unsent: 0, oldestSeconds: 0 },
  };
  const publisher: Publisher = {
    async publish(outgoing) {
      await Bun.sleep(1);
      if (!state.queueUp || state.publishFails) throw new Error("away");
      state.published.push(...outgoing.map((item) => item.message.sequence));
    },
    connected: () => state.queueUp,
    async snapshot() {
      if (!state.queueUp) throw new Error("away");
      return { identity: state.identity, oldest: state.oldest };
    },
    close: async () => {},
  };
  const store: OutboxStore<number> = {
    async claim() {
      state.claims++;
      if (!state.storeUp) throw new Error("no store");
      return state.left.splice(0, 2);
    },
    async acknowledge(acks) {
      if (!state.storeUp) throw new Error("no store");
      state.acknowledged.push(...acks);
    },
    async resend(identity) {
      if (!state.storeUp) throw new Error("no store");
      state.sentAgain.push(identity);
      return 1;
    },
    async recordHandled(handledBefore) {
      state.forgotten.push(handledBefore.get("a"));
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
  test("sends at once what was committed, and notes it", async () => {
    const { state, relay } = aRelay({ sweepEveryMs: 60_000 });
    relay.dispatch(committed(1));
    relay.dispatch({ outgoing: [] });
    await eventually(() => state.acknowledged.length === 1);
    expect(state.published).toEqual([1]);
    await relay.close();
  });
  test("sends in sweeps all that was left, without a pause between", async () => {
    const { state, relay } = aRelay({ sweepEveryMs: 50 });
    state.left = Array.from({ length: 41 }, (_, n) => committed(n));
    await eventually(() => state.acknowledged.length === 41);
    expect(state.claims).toBeGreaterThan(20);
    await relay.close();
  });
  test("does not note what it could not send", async () => {
    const { state, relay } = aRelay({ sweepEveryMs: 60_000 });
    state.publishFails = true;
    relay.dispatch(committed(1));
    await relay.close();
    expect(state.acknowledged).toEqual([]);
    expect(await isDegraded()).toBe(1);
  });
  test("claims nothing while the queue is away, says so, and goes on when it is back", async () => {
    const { state, relay } = aRelay();
    state.queueUp = false;
    state.left = [committed(1)];
    await eventually(async () => (await isDegraded()) === 1);
    expect(state.claims).toBe(0);
    state.queueUp = true;
    await eventually(() => state.acknowledged.length === 1);
    expect(await isDegraded()).toBe(0);
    await relay.close();
  });
  test("carries on after the store was away", async () => {
    const { state, relay } = aRelay();
    state.storeUp = false;
    relay.dispatch(committed(1));
    await eventually(() => state.published.length === 1);
    await eventually(() => state.claims > 2);
    state.storeUp = true;
    state.left = [committed(2)];
    await eventually(() => state.acknowledged.includes(2));
    await relay.close();
  });
  test("tells how much is left and for how long, Redis or not", async () => {
    const { state, relay } = aRelay();
    state.queueUp = false;
    const told = async () => [
      (await outboxUnsent.get()).values[0]?.value,
      (await outboxOldestUnsent.get()).values[0]?.value,
    ];
    state.backlog = { unsent: 3, oldestSeconds: 61.5 };
    await eventually(async () => (await told()).join() === "3,61.5");
    // The database's clock may be a little behind.
    state.backlog = { unsent: 0, oldestSeconds: -0.001 };
    await eventually(async () => (await told()).join() === "0,0");
    await relay.close();
  });
  test("closing waits for what is being sent, and notes it", async () => {
    const { state, relay } = aRelay({ sweepEveryMs: 60_000 });
    for (let n = 0; n < 5; n++) relay.dispatch(committed(n));
    await relay.close();
    expect(state.acknowledged).toEqual([0, 1, 2, 3, 4]);
  });
  test("closing ends a sweep that has much to do", async () => {
    const { state, relay } = aRelay();
    const refill = setInterval(() => state.left.push(committed(1), committed(2), committed(3)), 1);
    await eventually(() => state.claims > 3);
    await relay.close();
    clearInterval(refill);
  });
});

describe("a Redis that is not the one that had the messages", () => {
  test("gets them again, once, also when the store is away at first", async () => {
    const { state, relay } = aRelay({ sweepEveryMs: 60_000 });
    await eventually(() => state.forgotten.length > 1);
    expect(state.sentAgain).toEqual(["redis-1"]); // the store knows that it is the one noted
    state.storeUp = false;
    state.identity = "redis-2";
    const before = state.forgotten.length;
    await Bun.sleep(30);
    // What was sent to the old one is not forgotten by what the new one has.
    expect(state.forgotten.length).toBe(before);
    state.storeUp = true;
    await eventually(() => state.forgotten.length > before + 2);
    expect(state.sentAgain).toEqual(["redis-1", "redis-2"]);
    await relay.close();
  });
  test("is not looked for while Redis is away", async () => {
    const { state, relay } = aRelay();
    await eventually(() => state.sentAgain.length === 1);
    state.queueUp = false;
    state.identity = "redis-2";
    await Bun.sleep(30);
    expect(state.sentAgain).toEqual(["redis-1"]);
    state.queueUp = true;
    await eventually(() => state.sentAgain.length === 2);
    await relay.close();
  });
});

describe("what was sent is forgotten", () => {
  test("up to the oldest job that is not finished, less what clocks may differ by", async () => {
    const { state, relay } = aRelay();
    state.oldest = new Map([["a", Date.parse("2026-01-01T00:01:00Z")]]);
    await eventually(() => state.forgotten.length > 2);
    expect(state.forgotten.at(-1)).toEqual(new Date("2026-01-01T00:00:50Z"));
    await relay.close();
  });
  test("up to now, when every job is finished", async () => {
    const { state, relay } = aRelay();
    const started = Date.now();
    await eventually(() => state.forgotten.length > 0);
    const until = state.forgotten.at(-1)?.getTime() as number;
    expect(until).toBeGreaterThanOrEqual(started - 10_000);
    expect(until).toBeLessThanOrEqual(Date.now() - 10_000);
    await relay.close();
  });
  test("not at all while there are too many to look at", async () => {
    const { state, relay } = aRelay();
    state.oldest = new Map([["a", 0]]);
    await eventually(() => state.forgotten.length > 2);
    expect(state.forgotten.at(-1)).toEqual(new Date(0));
    await relay.close();
  });
});

describe("a repeated task", () => {
  test("carries on after it failed, however it fails", async () => {
    let runs = 0;
    const stop = every(
      1,
      () => {
        runs++;
        if (runs === 1) throw new Error("at once");
        return runs === 2 ? Promise.reject(new Error("later")) : Promise.resolve();
      },
      silentLog,
    );
    await eventually(() => runs > 3);
    await stop();
  });
  test("is not begun again before it ended, and stopping waits for it", async () => {
    let under = 0;
    let most = 0;
    let ended = 0;
    const stop = every(
      1,
      async () => {
        most = Math.max(most, ++under);
        await Bun.sleep(20);
        under--;
        ended++;
      },
      silentLog,
    );
    await eventually(() => ended > 0 && under === 1);
    await stop();
    const before = ended;
    expect(under).toBe(0);
    expect(most).toBe(1);
    await Bun.sleep(30);
    expect(ended).toBe(before);
  });
});
