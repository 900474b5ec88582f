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
const close: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const one of close.splice(0)) await one();
});

/** Streams over orders that are in memory, with what Redis would say in hand. */
function aRegistry(o: { heartbeatMs?: number; pollMs?: number } = {}) {
  const orders = new Map<string, OrderTimeline>();
  const queries: string[][] = [];
  let heard: ((ids: string[] | undefined) => void) | undefined;
  let broken = false;
  const streams = orderStreams({
    async timelinesOf(after) {
      if (broken) throw new Error("the store is down");
      queries.push([...after.keys()]);
      // No more than what was asked for.
      const found = [...after].flatMap(([id, seq]) => {
        const order = orders.get(id);
        return order ? { ...order, entries: order.entries.filter((entry) => entry.seq > seq) } : [];
      });
      await Bun.sleep(1);
      return found;
    },
    changes: {
      listen(listener) {
        heard = listener;
        return () => {
          heard = undefined;
        };
      },
    },
    clock: systemClock,
    log: silentLog,
    heartbeatMs: never,
    pollMs: never,
    ...o,
  });
  close.push(async () => {
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
    break: (is: boolean) => {
      broken = is;
    },
    hear: (ids?: string[]) => heard?.(ids),
    listening: () => heard !== undefined,
    follow(orderId: string, with_: { after?: number; userId?: string; expiresInSeconds?: number } = {}) {
      const expiresAt = plusSeconds(new Date(), with_.expiresInSeconds ?? 900).getTime();
      const user = { id: with_.userId ?? "ada", permissions: [], expiresAt };
      return sseReader(streams.open({ user, orderId, after: with_.after ?? 0 }));
    },
  };
}
const idsOf = (events: { id?: string }[]) => events.map(({ id }) => Number(id));
const idIs = (id: number) => (event: { id?: string }) => event.id === String(id);
const openNow = async () => Number(/^order_streams_open (\d+)/m.exec(await registry.metrics())?.[1]);

describe("a stream", () => {
  test("has what was there after its number, then what comes: all of it, once, in order", async () => {
    const { write, hear, follow } = aRegistry();
    for (let n = 0; n < 3; n++) write("a");
    const reader = follow("a", { after: 1 });
    expect(idsOf(await reader.until(idIs(3)))).toEqual([2, 3]);
    for (let n = 0; n < 50; n++) {
      write("a");
      // More often than there is news, of others too, and while a query is under way.
      for (const ids of [["a"], ["b"], undefined]) hear(ids);
      if (n % 7 === 0) await Bun.sleep(1);
    }
    expect(idsOf(await reader.until(idIs(53)))).toEqual(Array.from({ length: 50 }, (_, n) => n + 4));
  });
  test("that begins while another's entries are loaded has its own from the beginning", async () => {
    const { write, hear, follow, queries } = aRegistry();
    for (let n = 0; n < 3; n++) write("a");
    const first = follow("a", { after: 2 });
    await first.next();
    write("a");
    queries.length = 0;
    hear(["a"]);
    const second = follow("a");
    expect(queries).toHaveLength(1);
    expect(idsOf(await second.until(idIs(4)))).toEqual([1, 2, 3, 4]);
    expect((await first.next())?.id).toBe("4");
  });
  test("from further on is not sent what one of the same order is sent again", async () => {
    const { write, follow, queries } = aRegistry();
    for (let n = 0; n < 3; n++) write("a");
    follow("b");
    const [all, rest] = [follow("a"), follow("a", { after: 2 })];
    expect(idsOf(await all.until(idIs(3)))).toEqual([1, 2, 3]);
    expect((await rest.next())?.id).toBe("3");
    expect(queries).toEqual([["b"], ["a"]]);
  });
  test("shows an entry as the timeline does, with the order's status", async () => {
    const { write, follow } = aRegistry();
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
      const { write, hear, follow, listening } = aRegistry();
      write("a");
      const reader = follow("a");
      await reader.next();
      write("a", status);
      hear(["a"]);
      expect(await reader.until(() => false)).toMatchObject([
        { id: "2" },
        { event: "end", data: { reason: "order_final" } },
      ]);
      expect(listening()).toBe(false);
      const again = await follow("a", { after: 2 }).until(() => false);
      expect(again.map(({ event }) => event)).toEqual(["end"]);
    },
  );
  test("ends when the token does", async () => {
    const { write, follow } = aRegistry();
    write("a");
    const events = await follow("a", { expiresInSeconds: 0.1 }).until(() => false);
    expect(events.at(-1)).toMatchObject({ event: "end", data: { reason: "token_expired" } });
    expect(await openNow()).toBe(0);
  });
  test("of a token that lives for years does not end at once", async () => {
    const { write, hear, follow } = aRegistry();
    write("a");
    const reader = follow("a", { expiresInSeconds: 1e9 });
    await reader.next();
    await Bun.sleep(20);
    write("a");
    hear(["a"]);
    expect((await reader.next())?.id).toBe("2");
  });
  test("says every now and then that it is alive, and when to come back", async () => {
    const { write, follow } = aRegistry({ heartbeatMs: 5, pollMs: 50 });
    write("a");
    const reader = follow("a");
    const second = reader.until(idIs(2));
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

test("what nobody told is found by looking, also after the store was away", async () => {
  const { write, follow, ...it } = aRegistry({ pollMs: 10 });
  write("a");
  const reader = follow("a");
  await reader.next();
  it.break(true);
  write("a");
  it.hear(["a"]);
  await Bun.sleep(30);
  it.break(false);
  expect((await reader.next())?.id).toBe("2");
});

test("one query loads what several streams wait for, and nothing is loaded for orders nobody follows", async () => {
  const { write, hear, follow, queries } = aRegistry();
  for (const id of ["a", "b", "c"]) write(id);
  const readers = ["a", "a", "b"].map((id) => follow(id));
  for (const reader of readers) await reader.next();
  queries.length = 0;
  for (const id of ["a", "b", "c"]) write(id);
  hear(["a", "b", "c", "d"]);
  for (const reader of readers) expect((await reader.next())?.id).toBe("2");
  expect(queries).toEqual([["a", "b"]]);
  hear(["c"]);
  await Bun.sleep(5);
  expect(queries).toHaveLength(1);
});

test("a user has five at most; a client that goes away makes room, and leaves nothing behind", async () => {
  const { write, follow, listening } = aRegistry();
  write("a");
  const readers = Array.from({ length: 5 }, () => follow("a"));
  expect(() => follow("a")).toThrow(expect.objectContaining({ code: "order.too_many_streams", status: 429 }));
  const other = follow("a", { userId: "bob" });
  expect(await openNow()).toBe(6);
  await readers[0]?.cancel();
  const sixth = follow("a");
  expect(await openNow()).toBe(6);
  for (const reader of [...readers, other, sixth]) {
    expect(listening()).toBe(true);
    await reader.cancel();
  }
  expect(await openNow()).toBe(0);
  expect(listening()).toBe(false);
});

test("when the process stops every stream ends, and one that is opened then has its history and ends", async () => {
  const { write, follow, streams, listening } = aRegistry();
  write("a");
  const reader = follow("a");
  await reader.next();
  streams.drain();
  const ending = { event: "end", data: { reason: "shutting_down" } };
  expect(await reader.until(() => false)).toMatchObject([ending]);
  expect(await follow("a").until(() => false)).toMatchObject([{ id: "1" }, ending]);
  expect(listening()).toBe(false);
});
