import { afterEach, describe, expect, test } from "bun:test";
import { plusSeconds, systemClock } from "@shop/kit/clock";
import { registry } from "@shop/kit/telemetry/metrics";
import { eventually } from "@shop/kit/testing/eventually";
import { silentLog } from "@shop/kit/testing/log";
import { sseReader } from "@shop/kit/testing/sse";
import type { OrderTimeline } from "../deps";
import type { OrderStatus } from "../domain/order";
import { orderStreams } from "./streams";

const never = 1e6;
const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** Streams of orders that are in memory. `report` stands in for the change feed. */
function inMemoryStreams(o: { heartbeatMs?: number; pollMs?: number } = {}) {
  const orders = new Map<string, OrderTimeline>();
  const queries: string[][] = [];
  let listener: ((ids: string[] | undefined) => void) | undefined;
  let isStoreDown = false;
  const streams = orderStreams({
    async loadTimelines(after) {
      if (isStoreDown) throw new Error("the store is down");
      queries.push([...after.keys()]);
      const found = [...after].flatMap(([id, seq]) => {
        const order = orders.get(id);
        return order ? { ...order, entries: order.entries.filter((entry) => entry.seq > seq) } : [];
      });
      await Bun.sleep(1);
      return found;
    },
    changes: {
      subscribe(newListener) {
        listener = newListener;
        return () => {
          listener = undefined;
        };
      },
    },
    clock: systemClock,
    log: silentLog,
    heartbeatMs: never,
    pollMs: never,
    ...o,
  });
  closers.push(async () => {
    streams.drain();
    await streams.close();
  });
  const write = (orderId: string, status: OrderStatus = "pending") => {
    const order = orders.get(orderId) ?? { orderId, status, entries: [] };
    const seq = order.entries.length + 1;
    orders.set(orderId, { orderId, status, entries: [...order.entries, { seq, type: `t${seq}`, at: "" }] });
  };
  return {
    streams,
    queries,
    write,
    setStoreDown(isDown: boolean) {
      isStoreDown = isDown;
    },
    report: (ids?: string[]) => listener?.(ids),
    isSubscribed: () => listener !== undefined,
    follow(orderId: string, options: { after?: number; userId?: string; expiresInSeconds?: number } = {}) {
      const { after = 0, userId = "ada", expiresInSeconds = 900 } = options;
      const user = { id: userId, permissions: [], expiresAt: plusSeconds(new Date(), expiresInSeconds).getTime() };
      return sseReader(streams.open({ user, orderId, after }));
    },
  };
}
const toIds = (events: { id?: string }[]) => events.map(({ id }) => Number(id));
const hasId = (id: number) => (event: { id?: string }) => event.id === String(id);
const openStreams = async () => Number(/^order_streams_open (\d+)/m.exec(await registry.metrics())?.[1]);

describe("a stream", () => {
  test("sends the entries after `after`, then new ones: each once, in order", async () => {
    const { write, report, follow } = inMemoryStreams();
    for (let n = 0; n < 3; n++) write("a");
    const reader = follow("a", { after: 1 });
    expect(toIds(await reader.readUntil(hasId(3)))).toEqual([2, 3]);
    for (let n = 0; n < 50; n++) {
      write("a");
      // Reports without a change, of other orders, and during a query.
      for (const ids of [["a"], ["b"], undefined]) report(ids);
      if (n % 7 === 0) await Bun.sleep(1);
    }
    expect(toIds(await reader.readUntil(hasId(53)))).toEqual(Array.from({ length: 50 }, (_, n) => n + 4));
  });
  test("that is opened while another one's entries are loaded gets its own from the beginning", async () => {
    const { write, report, follow, queries } = inMemoryStreams();
    for (let n = 0; n < 3; n++) write("a");
    const first = follow("a", { after: 2 });
    await first.next();
    write("a");
    queries.length = 0;
    report(["a"]);
    const second = follow("a");
    expect(queries).toHaveLength(1);
    expect(toIds(await second.readUntil(hasId(4)))).toEqual([1, 2, 3, 4]);
    expect((await first.next())?.id).toBe("4");
  });
  test("that has more entries than another stream of the same order does not get them twice", async () => {
    const { write, follow, queries } = inMemoryStreams();
    for (let n = 0; n < 3; n++) write("a");
    follow("b");
    const [all, rest] = [follow("a"), follow("a", { after: 2 })];
    expect(toIds(await all.readUntil(hasId(3)))).toEqual([1, 2, 3]);
    expect((await rest.next())?.id).toBe("3");
    expect(queries).toEqual([["b"], ["a"]]);
  });
  test("sends an entry as the timeline has it, with the order's status", async () => {
    const { write, follow } = inMemoryStreams();
    write("a", "confirmed");
    expect(await follow("a").next()).toEqual({
      event: "timeline",
      id: "1",
      data: { seq: 1, type: "t1", at: "", orderStatus: "confirmed" },
    });
  });
  test.each(["delivered", "cancelled", "refunded"] as const)(
    "ends after the last entry of an order that is %s",
    async (status) => {
      const { write, report, follow, isSubscribed } = inMemoryStreams();
      write("a");
      const reader = follow("a");
      await reader.next();
      write("a", status);
      report(["a"]);
      expect(await reader.readUntil(() => false)).toMatchObject([
        { id: "2" },
        { event: "end", data: { reason: "order_final" } },
      ]);
      expect(isSubscribed()).toBe(false);
      const reopened = await follow("a", { after: 2 }).readUntil(() => false);
      expect(reopened.map(({ event }) => event)).toEqual(["end"]);
    },
  );
  test("ends when the token expires", async () => {
    const { write, follow } = inMemoryStreams();
    write("a");
    const events = await follow("a", { expiresInSeconds: 0.1 }).readUntil(() => false);
    expect(events.at(-1)).toMatchObject({ event: "end", data: { reason: "token_expired" } });
    expect(await openStreams()).toBe(0);
  });
  test("does not end early for a token that is valid for years", async () => {
    const { write, report, follow } = inMemoryStreams();
    write("a");
    const reader = follow("a", { expiresInSeconds: 1e9 });
    await reader.next();
    await Bun.sleep(20);
    write("a");
    report(["a"]);
    expect((await reader.next())?.id).toBe("2");
  });
  test("sends its reconnection delay, and heartbeats", async () => {
    const { write, follow } = inMemoryStreams({ heartbeatMs: 5, pollMs: 50 });
    write("a");
    const reader = follow("a");
    const second = reader.readUntil(hasId(2));
    await eventually(
      () =>
        reader
          .text()
          .split("\n\n")
          .filter((block) => block === ":").length >= 3,
    );
    expect(reader.text()).toStartWith("retry: 1000\n\n");
    write("a");
    await second;
  });
});

test("polling finds a change that was not reported, also after the store was down", async () => {
  const { write, follow, report, setStoreDown } = inMemoryStreams({ pollMs: 10 });
  write("a");
  const reader = follow("a");
  await reader.next();
  setStoreDown(true);
  write("a");
  report(["a"]);
  await Bun.sleep(30);
  setStoreDown(false);
  expect((await reader.next())?.id).toBe("2");
});

test("one query serves several streams, and orders without a stream are not loaded", async () => {
  const { write, report, follow, queries } = inMemoryStreams();
  for (const id of ["a", "b", "c"]) write(id);
  const readers = ["a", "a", "b"].map((id) => follow(id));
  for (const reader of readers) await reader.next();
  queries.length = 0;
  for (const id of ["a", "b", "c"]) write(id);
  report(["a", "b", "c", "d"]);
  for (const reader of readers) expect((await reader.next())?.id).toBe("2");
  expect(queries).toEqual([["a", "b"]]);
  report(["c"]);
  await Bun.sleep(5);
  expect(queries).toHaveLength(1);
});

test("a user has at most five streams; a closed one makes room, and the last one ends the subscription", async () => {
  const { write, follow, isSubscribed } = inMemoryStreams();
  write("a");
  const readers = Array.from({ length: 5 }, () => follow("a"));
  expect(() => follow("a")).toThrow(expect.objectContaining({ code: "order.too_many_streams", status: 429 }));
  const other = follow("a", { userId: "bob" });
  expect(await openStreams()).toBe(6);
  await readers[0]?.cancel();
  const sixth = follow("a");
  expect(await openStreams()).toBe(6);
  for (const reader of [...readers, other, sixth]) {
    expect(isSubscribed()).toBe(true);
    await reader.cancel();
  }
  expect(await openStreams()).toBe(0);
  expect(isSubscribed()).toBe(false);
});

test("draining ends every stream; one that is opened afterwards gets its history and ends", async () => {
  const { write, follow, streams, isSubscribed } = inMemoryStreams();
  write("a");
  const reader = follow("a");
  await reader.next();
  streams.drain();
  const ending = { event: "end", data: { reason: "shutting_down" } };
  expect(await reader.readUntil(() => false)).toMatchObject([ending]);
  expect(await follow("a").readUntil(() => false)).toMatchObject([{ id: "1" }, ending]);
  expect(isSubscribed()).toBe(false);
});
