import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { httpDuration } from "@shop/kit/telemetry/metrics";
import { sseReader } from "@shop/kit/testing/sse";
import { historyCollection } from "./store/read-models";
import { type TestOrderApi, testOrderApi } from "./testing/order-api";

let api: TestOrderApi;
beforeAll(async () => {
  api = await testOrderApi();
});
afterAll(() => api.close());

async function open(path: string, authorization: string, headers: Record<string, string> = {}) {
  const response = await api.open(path, { authorization, ...headers });
  return { response, reader: sseReader(response.body) };
}

/** An order, its owner, and the path of its live timeline. */
async function placed() {
  const owner = await api.user();
  const { body: order } = await owner.post();
  return { owner, order, path: `/orders/${order.id}/events` };
}

describe("GET /orders/{id}/events", () => {
  test("200 with the history so far, then new entries until the order reaches a final status", async () => {
    const { owner, order, path } = await placed();
    const employee = await api.user(["orders:write"]);
    const { response, reader } = await open(path, owner.authorization);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    expect(response.headers.get("cache-control")).toBe("no-store");
    const first = await reader.readUntil(({ id }) => id === String(order.history.length));
    expect(first.map(({ data }) => data)).toEqual(order.history.map((line) => ({ ...line, orderStatus: "pending" })));
    await api.service.confirm(order.id);
    const confirmed = await reader.readUntil(({ data }) => data.type === "order.confirmed");
    expect(confirmed.at(-1)?.data).toMatchObject({ orderStatus: "confirmed" });
    await employee.setStatus(order.id, "shipped");
    expect((await reader.next())?.data).toMatchObject({ status: "shipped", orderStatus: "shipped" });
    await employee.setStatus(order.id, "delivered");
    const last = await reader.readUntil(() => false);
    expect(last.map(({ event }) => event)).toEqual(["timeline", "end"]);
    const { history } = (await owner.get(`/orders/${order.id}`)).body;
    const received = [...first, ...confirmed, ...last].filter(({ id }) => id).length + 1;
    expect(received).toBe(history.length);
  });
  test("200 from the entry after Last-Event-ID; only new entries if the number is higher than the last one", async () => {
    const { owner, order, path } = await placed();
    const last = order.history.length;
    const [resumed, ahead] = await Promise.all(
      ["1", "999999"].map((id) => open(path, owner.authorization, { "last-event-id": id })),
    );
    expect((await resumed?.reader.next())?.id).toBe("2");
    await api.service.confirm(order.id);
    expect((await ahead?.reader.next())?.id).toBe(String(last + 1));
    await Promise.all([resumed?.reader.cancel(), ahead?.reader.cancel()]);
  });
  test("200 with the entries that were cut from the order's document, too", async () => {
    const { owner, order, path } = await placed();
    const { orders, db } = api.service;
    const doc = await orders.findOneAndUpdate({ _id: order.id }, { $set: { history: [] } });
    const entries = doc?.history ?? [];
    const [older, latest] = [entries.slice(0, -1), entries.slice(-1)];
    await historyCollection(db).insertOne({ _id: `${order.id}/000001`, to: older.length, entries: older });
    await orders.updateOne({ _id: order.id }, { $set: { history: latest } });
    const ids = entries.map(({ seq }) => String(seq));
    const { reader } = await open(path, owner.authorization);
    expect((await reader.readUntil(({ id }) => id === ids.at(-1))).map(({ id }) => id as string)).toEqual(ids);
    await reader.cancel();
  });
  test("404 for other users, even if they may read orders; 404 for an unknown order, 401 without a token", async () => {
    const { owner, path } = await placed();
    const reader = await api.user(["orders:read"]);
    expect((await reader.get(path)).status).toBe(404);
    expect((await owner.get(`/orders/${Bun.randomUUIDv7()}/events`)).status).toBe(404);
    expect((await api.send("GET", path)).status).toBe(401);
  });
  test.each(["", "-1", "1.5", "1e3", "x", "1234567890123456"])("422 for the Last-Event-ID %p", async (id) => {
    const { owner, path } = await placed();
    const headers = { "last-event-id": id };
    const answer = await api.send<{ code: string }>("GET", path, { authorization: owner.authorization, headers });
    expect([answer.status, answer.body.code]).toEqual([422, "request.invalid"]);
  });
  test("429 for a user's sixth stream", async () => {
    const { owner, path } = await placed();
    const five = await Promise.all(Array.from({ length: 5 }, () => open(path, owner.authorization)));
    const answer = await owner.get(path);
    expect([answer.status, answer.body.code]).toEqual([429, "order.too_many_streams"]);
    await Promise.all(five.map(({ reader }) => reader.cancel()));
  });
  test("is measured as a request until the stream begins, not until it ends", async () => {
    const { owner, path } = await placed();
    const labels = { method: "GET", route: "/orders/:id/events", status: 200 };
    const measured = async () => {
      const { values } = await httpDuration.get();
      const find = (name: string) =>
        values.find(
          (value) =>
            value.metricName === `http_request_duration_seconds_${name}` &&
            Object.entries(labels).every(([key, label]) => value.labels[key as "route"] === label),
        )?.value ?? 0;
      return { count: find("count"), sum: find("sum") };
    };
    const before = await measured();
    const openedAt = performance.now();
    const { reader } = await open(path, owner.authorization);
    const openingSeconds = (performance.now() - openedAt) / 1000;
    await reader.next();
    await Bun.sleep(20);
    const during = await measured();
    expect(during.count - before.count).toBe(1);
    expect(during.sum - before.sum).toBeLessThanOrEqual(openingSeconds);
    await reader.cancel();
    expect(await measured()).toEqual(during);
  });
});
