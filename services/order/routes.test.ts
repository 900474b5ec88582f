import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Payable, Payables } from "@shop/contracts/internal-api";
import { AppError } from "@shop/kit/errors/app-error";
import { type App, createApp } from "@shop/kit/http/app";
import { httpDuration } from "@shop/kit/telemetry/metrics";
import { eventually } from "@shop/kit/testing/eventually";
import { testClient } from "@shop/kit/testing/http";
import { silentLog } from "@shop/kit/testing/log";
import { sseReader } from "@shop/kit/testing/sse";
import { testIssuer, testServiceTokens } from "@shop/kit/testing/tokens";
import { routes } from "./routes";
import { historyOf } from "./store/read-models";
import { krone, lamp, type TestOrders, testOrders } from "./testing/order-service";

let service: TestOrders;
let app: App;
let send: ReturnType<typeof testClient>;
let issuer: Awaited<ReturnType<typeof testIssuer>>;
let tokens: Awaited<ReturnType<typeof testServiceTokens<"order" | "payment" | "user">>>;
beforeAll(async () => {
  service = await testOrders();
  issuer = await testIssuer();
  tokens = await testServiceTokens("order", "payment", "user");
  const all = routes(service.deps, { verify: issuer.verify, tokens: tokens.order });
  send = testClient(all);
  const health = { store: async () => {}, queue: () => true };
  app = createApp({ service: "order", routes: all, health, log: silentLog, draining: () => false });
});
afterAll(() => service.close());

const body = {
  items: [{ productId: lamp.id, quantity: 2 }],
  paymentMethod: { provider: "stripe", token: "pm_card_visa" },
};
type Line = { type: string; status?: string; reason?: string };
type View = {
  id: string;
  status: string;
  items: unknown[];
  history: Line[];
  nextCursor?: string;
  createdAt: string;
  holdExpiresAt?: string;
};
async function customer(permissions: string[] = []) {
  const id = service.newUser();
  const authorization = await issuer.bearer(id, permissions);
  return {
    id,
    authorization,
    post: (over: object = {}, headers: Record<string, string> = {}) =>
      send<View & { code: string }>("POST", "/orders", { body: { ...body, ...over }, authorization, headers }),
    cancel: (id: string) => send<View & { code: string }>("DELETE", `/orders/${id}`, { authorization }),
    setStatus: (id: string, status: unknown, reason?: string) =>
      send<View & { code: string }>("PUT", `/orders/${id}/status`, { body: { status, reason }, authorization }),
    get: <T = View & { code: string }>(path: string) => send<T>("GET", path, { authorization }),
  };
}

describe("POST /orders", () => {
  test("201 with the order and where it is; a price in an item is ignored", async () => {
    const { post } = await customer();
    const items = [{ productId: lamp.id, quantity: 2, price: 1 }];
    const answer = await post({ items }, { "x-forwarded-prefix": "/api/v1" });
    expect(answer.status).toBe(201);
    expect(answer.headers.get("location")).toBe(`/api/v1/orders/${answer.body.id}`);
    expect(answer.body).toMatchObject({ status: "pending", total: { amount: 3998, currency: "USD" } });
    expect(JSON.stringify(answer.body)).not.toContain("sealed");
    expect(answer.body.history.map((line) => line.type)).toEqual(["saga.step", "order.created", "inventory.reserve"]);
  });
  test("201 without a payment method, with the time until which it waits for one", async () => {
    const { post } = await customer();
    const { status, body: order } = await post({ paymentMethod: undefined });
    expect(status).toBe(201);
    const seconds = (Date.parse(order.holdExpiresAt ?? "") - Date.parse(order.createdAt)) / 1000;
    expect(seconds).toBe(service.deps.holdSeconds);
    await service.answer(order.id, "inventory.updated", { change: "reserved" });
    const stored = await service.orders.findOne({ _id: order.id });
    expect(stored).toMatchObject({ status: "awaiting_payment", saga: { name: "place-unpaid-order" } });
  });
  test("201 with the same order for the same Idempotency-Key", async () => {
    const { post } = await customer();
    const [first, second] = [await post({}, { "idempotency-key": "k" }), await post({}, { "idempotency-key": "k" })];
    expect(second.status).toBe(201);
    expect(second.body.id).toBe(first.body.id);
  });
  test.each([
    ["no items", { items: [] }],
    ["items that are no list", { items: { productId: lamp.id } }],
    ["quantity 0", { items: [{ productId: lamp.id, quantity: 0 }] }],
    ["quantity -1", { items: [{ productId: lamp.id, quantity: -1 }] }],
    ["quantity 10^9", { items: [{ productId: lamp.id, quantity: 1e9 }] }],
    ["quantity 1.5", { items: [{ productId: lamp.id, quantity: 1.5 }] }],
    ['quantity "2"', { items: [{ productId: lamp.id, quantity: "2" }] }],
    ["a product id that is an object", { items: [{ productId: { $ne: "" }, quantity: 1 }] }],
    ["a payment method that is null", { paymentMethod: null }],
    ["a payment method without a token", { paymentMethod: { provider: "stripe" } }],
    ["an unknown provider", { paymentMethod: { provider: "cash", token: "x" } }],
    ["a token that is an object", { paymentMethod: { provider: "stripe", token: {} } }],
    ["a card number for a token", { paymentMethod: { provider: "stripe", token: "4242 4242 4242 4242" } }],
    ["an unknown product", { items: [{ productId: "01920000-0000-7000-8000-00000000dead", quantity: 1 }] }],
    [
      "two currencies",
      {
        items: [
          { productId: lamp.id, quantity: 1 },
          { productId: krone.id, quantity: 1 },
        ],
      },
    ],
    [
      "a country that is none",
      { shippingAddress: { name: "a", line1: "b", city: "c", postalCode: "d", country: "Denmark" } },
    ],
  ])("422 for %s", async (_what, over) => {
    const answer = await (await customer()).post(over);
    expect(answer.status).toBe(422);
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
    expect(answer.body.code).toBeString();
  });
  test("400 for JSON that is none, 415 for another type, 422 for no body, 401 without a token", async () => {
    const { authorization } = await customer();
    expect((await send("POST", "/orders", { raw: "{", authorization })).status).toBe(400);
    const headers = { "content-type": "text/plain" };
    expect((await send("POST", "/orders", { raw: "hello", authorization, headers })).status).toBe(415);
    expect((await send("POST", "/orders", { authorization })).status).toBe(422);
    expect((await send("POST", "/orders", { body })).status).toBe(401);
  });
  test("409 when there is not enough", async () => {
    const answer = await (await customer()).post({ items: [{ productId: lamp.id, quantity: 6 }] });
    expect([answer.status, answer.body.code]).toEqual([409, "order.out_of_stock"]);
  });
  test("422 for a used Idempotency-Key with another body", async () => {
    const { post } = await customer();
    await post({}, { "idempotency-key": "k" });
    const answer = await post({ items: [{ productId: lamp.id, quantity: 1 }] }, { "idempotency-key": "k" });
    expect([answer.status, answer.body.code]).toEqual([422, "idempotency.key_reused"]);
  });
  test("503 and when to come back, while inventory is down", async () => {
    const { deps } = service;
    const down = {
      ...deps,
      productsOf: () =>
        Promise.reject(
          new AppError("inventory.unavailable", { kind: "unavailable", public: "down", retryAfterSeconds: 2 }),
        ),
    };
    const client = testClient(routes(down, { verify: issuer.verify, tokens: tokens.order }));
    const answer = await client("POST", "/orders", { body, authorization: (await customer()).authorization });
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "2"]);
  });
  test("500 without a word about why, when something unforeseen happens", async () => {
    const broken = { ...service.deps, seal: () => Promise.reject(new Error("secret detail")) };
    const client = testClient(routes(broken, { verify: issuer.verify, tokens: tokens.order }));
    const answer = await client("POST", "/orders", { body, authorization: (await customer()).authorization });
    expect(answer.status).toBe(500);
    expect(JSON.stringify(answer.body)).not.toContain("secret detail");
  });
});

describe("GET /orders/{id}", () => {
  test("200 for its owner and for who may read orders, 404 for anybody else", async () => {
    const owner = await customer();
    const { body: order } = await owner.post();
    expect((await owner.get(`/orders/${order.id}`)).body.id).toBe(order.id);
    expect((await (await customer(["orders:read"])).get(`/orders/${order.id}`)).status).toBe(200);
    expect((await (await customer()).get(`/orders/${order.id}`)).status).toBe(404);
  });
  test("404 for one that does not exist, 422 for what is no id, 401 without a token", async () => {
    const { get } = await customer();
    expect((await get(`/orders/${Bun.randomUUIDv7()}`)).status).toBe(404);
    expect((await get("/orders/nonsense")).status).toBe(422);
    expect((await send("GET", `/orders/${Bun.randomUUIDv7()}`)).status).toBe(401);
  });
});

describe("GET /orders/{id}/events", () => {
  const open = async (path: string, authorization: string, headers: Record<string, string> = {}) => {
    const response = await app.handle(
      new Request(`http://service.test${path}`, { headers: { authorization, ...headers } }),
    );
    return { response, reader: sseReader(response.body) };
  };
  test("200 with the timeline as it is read otherwise, then as it happens, until the order is at its end", async () => {
    const [owner, clerk] = [await customer(), await customer(["orders:write"])];
    const { body: order } = await owner.post();
    const { response, reader } = await open(`/orders/${order.id}/events`, owner.authorization);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    expect(response.headers.get("cache-control")).toBe("no-store");
    const first = await reader.until(({ id }) => id === String(order.history.length));
    expect(first.map(({ data }) => data)).toEqual(order.history.map((line) => ({ ...line, orderStatus: "pending" })));
    await service.confirmed(order.id);
    const confirmed = await reader.until(({ data }) => data.type === "order.confirmed");
    expect(confirmed.at(-1)?.data).toMatchObject({ orderStatus: "confirmed" });
    await clerk.setStatus(order.id, "shipped");
    expect((await reader.next())?.data).toMatchObject({ status: "shipped", orderStatus: "shipped" });
    await clerk.setStatus(order.id, "delivered");
    const last = await reader.until(() => false);
    expect(last.map(({ event }) => event)).toEqual(["timeline", "end"]);
    const { history } = (await owner.get(`/orders/${order.id}`)).body;
    const seen = [...first, ...confirmed, ...last].filter(({ id }) => id).length + 1;
    expect(seen).toBe(history.length);
  });
  test("200 from where Last-Event-ID says; with a number we never gave, from now on", async () => {
    const owner = await customer();
    const { body: order } = await owner.post();
    const last = order.history.length;
    const [resumed, ahead] = await Promise.all(
      ["1", "999999"].map((id) => open(`/orders/${order.id}/events`, owner.authorization, { "last-event-id": id })),
    );
    expect((await resumed?.reader.next())?.id).toBe("2");
    await service.confirmed(order.id);
    expect((await ahead?.reader.next())?.id).toBe(String(last + 1));
    await Promise.all([resumed?.reader.cancel(), ahead?.reader.cancel()]);
  });
  test("200 with what the order's document holds no more", async () => {
    const owner = await customer();
    const { body: order } = await owner.post();
    const doc = await service.orders.findOneAndUpdate({ _id: order.id }, { $set: { history: [] } });
    const entries = doc?.history ?? [];
    const [old, late] = [entries.slice(0, -1), entries.slice(-1)];
    await historyOf(service.db).insertOne({ _id: `${order.id}/000001`, to: old.length, entries: old });
    await service.orders.updateOne({ _id: order.id }, { $set: { history: late } });
    const ids = entries.map(({ seq }) => String(seq));
    const { reader } = await open(`/orders/${order.id}/events`, owner.authorization);
    expect((await reader.until(({ id }) => id === ids.at(-1))).map(({ id }) => id as string)).toEqual(ids);
    await reader.cancel();
  });
  test("404 for anybody else, who may read orders too; 404 for no order, 401 without a token", async () => {
    const [owner, reader] = [await customer(), await customer(["orders:read"])];
    const { body: order } = await owner.post();
    expect((await reader.get(`/orders/${order.id}/events`)).status).toBe(404);
    expect((await owner.get(`/orders/${Bun.randomUUIDv7()}/events`)).status).toBe(404);
    expect((await send("GET", `/orders/${order.id}/events`)).status).toBe(401);
  });
  test.each(["", "-1", "1.5", "1e3", "x", "1234567890123456"])("422 for the Last-Event-ID %p", async (id) => {
    const owner = await customer();
    const { body: order } = await owner.post();
    const headers = { "last-event-id": id };
    const path = `/orders/${order.id}/events`;
    const answer = await send<{ code: string }>("GET", path, { authorization: owner.authorization, headers });
    expect([answer.status, answer.body.code]).toEqual([422, "request.invalid"]);
  });
  test("429 for the sixth", async () => {
    const owner = await customer();
    const { body: order } = await owner.post();
    const path = `/orders/${order.id}/events`;
    const five = await Promise.all(Array.from({ length: 5 }, () => open(path, owner.authorization)));
    const answer = await owner.get(path);
    expect([answer.status, answer.body.code]).toEqual([429, "order.too_many_streams"]);
    await Promise.all(five.map(({ reader }) => reader.cancel()));
  });
  test("counts as a request for as long as it takes to begin, not for as long as it is open", async () => {
    const owner = await customer();
    const { body: order } = await owner.post();
    const labels = { method: "GET", route: "/orders/:id/events", status: 200 };
    const measured = async () => {
      const { values } = await httpDuration.get();
      const of = (name: string) =>
        values.find(
          (value) =>
            value.metricName === `http_request_duration_seconds_${name}` &&
            Object.entries(labels).every(([key, label]) => value.labels[key as "route"] === label),
        )?.value ?? 0;
      return { count: of("count"), sum: of("sum") };
    };
    const before = await measured();
    const opening = performance.now();
    const { reader } = await open(`/orders/${order.id}/events`, owner.authorization);
    const openedInSeconds = (performance.now() - opening) / 1000;
    await reader.next();
    await Bun.sleep(20);
    const during = await measured();
    expect(during.count - before.count).toBe(1);
    expect(during.sum - before.sum).toBeLessThanOrEqual(openedInSeconds);
    await reader.cancel();
    expect(await measured()).toEqual(during);
  });
});

describe("DELETE /orders/{id}", () => {
  test("202 with the order, for its owner and for who may write orders, and again", async () => {
    const [owner, clerk] = [await customer(), await customer(["orders:write"])];
    const { body: order } = await owner.post();
    const answer = await owner.cancel(order.id);
    expect(answer.status).toBe(202);
    expect(answer.body).toMatchObject({ id: order.id, status: "pending", cancelRequested: expect.any(String) });
    expect(answer.body.history.at(-1)).toMatchObject({
      type: "saga.step",
      step: "stock",
      outcome: "abort_requested",
      code: "order.cancel_requested",
    });
    for (const who of [owner, clerk]) expect((await who.cancel(order.id)).status).toBe(202);
    await service.answer(order.id, "inventory.updated", { change: "reserved" });
    await service.answer(order.id, "inventory.updated", { change: "released" });
    const again = await owner.cancel(order.id);
    expect(again.status).toBe(202);
    expect(again.body).toMatchObject({ status: "cancelled", cancelReason: "order.cancel_requested" });
  });
  test("404 for somebody else, who may read orders too; 404 for no order, 422 for no id, 401 without a token", async () => {
    const [owner, stranger, reader] = [await customer(), await customer(), await customer(["orders:read"])];
    const { body: order } = await owner.post();
    for (const who of [stranger, reader]) expect((await who.cancel(order.id)).status).toBe(404);
    expect((await owner.get(`/orders/${order.id}`)).body).not.toHaveProperty("cancelRequested");
    expect((await owner.cancel(Bun.randomUUIDv7())).status).toBe(404);
    expect((await owner.cancel("nonsense")).status).toBe(422);
    expect((await send("DELETE", `/orders/${order.id}`)).status).toBe(401);
  });
  test("409 once it is shipped", async () => {
    const [owner, clerk] = [await customer(), await customer(["orders:write"])];
    const { body: order } = await owner.post();
    await service.confirmed(order.id);
    for (const status of ["shipped", "delivered"]) {
      expect((await clerk.setStatus(order.id, status)).status).toBe(200);
      const answer = await owner.cancel(order.id);
      expect([answer.status, answer.body.code]).toEqual([409, "order.not_cancellable"]);
    }
  });
});

describe("PUT /orders/{id}/status", () => {
  test("200 with the order, its way in the timeline; the same again changes nothing", async () => {
    const [owner, clerk] = [await customer(), await customer(["orders:write"])];
    const { body: order } = await owner.post();
    await service.confirmed(order.id);
    const shipped = await clerk.setStatus(order.id, "shipped", "Parcel 42");
    expect(shipped.status).toBe(200);
    expect(shipped.body.status).toBe("shipped");
    expect(shipped.body.history.at(-1)).toMatchObject({
      type: "order.status_changed",
      status: "shipped",
      reason: "Parcel 42",
    });
    const again = await clerk.setStatus(order.id, "shipped", "Parcel 43");
    expect([again.status, again.body.history.length]).toEqual([200, shipped.body.history.length]);
    expect((await clerk.setStatus(order.id, "delivered")).body.history.at(-1)).toMatchObject({ status: "delivered" });
    const stored = await service.orders.findOne({ _id: order.id });
    expect(stored?.history.filter((entry) => entry.type === "order.status_changed").map((entry) => entry.data)).toEqual(
      [
        { orderId: order.id, userId: owner.id, from: "confirmed", to: "shipped", reason: "Parcel 42" },
        { orderId: order.id, userId: owner.id, from: "shipped", to: "delivered" },
      ],
    );
  });
  test("409 for a move that is not legal", async () => {
    const [owner, clerk] = [await customer(), await customer(["orders:write"])];
    const { body: order } = await owner.post();
    for (const status of ["shipped", "delivered"]) {
      const answer = await clerk.setStatus(order.id, status);
      expect([answer.status, answer.body.code]).toEqual([409, "order.illegal_transition"]);
    }
    await service.confirmed(order.id);
    expect((await clerk.setStatus(order.id, "delivered")).status).toBe(409);
    await clerk.setStatus(order.id, "shipped");
    await clerk.setStatus(order.id, "delivered");
    expect((await clerk.setStatus(order.id, "shipped")).status).toBe(409);
  });
  test("403 for who may not write orders, 404 for no order, 422 for another status", async () => {
    const [owner, clerk] = [await customer(["orders:read"]), await customer(["orders:write"])];
    const { body: order } = await owner.post();
    expect((await owner.setStatus(order.id, "shipped")).status).toBe(403);
    expect((await clerk.setStatus(Bun.randomUUIDv7(), "shipped")).status).toBe(404);
    for (const status of ["confirmed", "cancelled", "refunded", "lost", 1, undefined])
      expect((await clerk.setStatus(order.id, status)).status).toBe(422);
    expect((await clerk.setStatus(order.id, "shipped", "x".repeat(501))).status).toBe(422);
  });
});

describe("GET /orders/user/{userId}", () => {
  test("200 with those of a status, and of a time: from counts, to does not", async () => {
    const owner = await customer();
    const placed: View[] = [];
    for (let n = 0; n < 3; n++) {
      placed.push((await owner.post()).body);
      await eventually(() => Date.now() > Date.parse((placed[n] as View).createdAt));
    }
    const [first, second, third] = placed as [View, View, View];
    await service.confirmed(second.id);
    const listed = async (query: Record<string, string>) => {
      const path = `/orders/user/${owner.id}?${new URLSearchParams(query)}`;
      const { body: page } = await owner.get<{ items: View[] }>(path);
      return page.items.map((order) => order.id);
    };
    expect(await listed({ status: "confirmed" })).toEqual([second.id]);
    expect(await listed({ status: "pending" })).toEqual([third.id, first.id]);
    expect(await listed({ from: second.createdAt })).toEqual([third.id, second.id]);
    expect(await listed({ to: second.createdAt })).toEqual([first.id]);
    expect(await listed({ from: second.createdAt, to: third.createdAt, status: "confirmed" })).toEqual([second.id]);
    expect(await listed({ from: first.createdAt, cursor: third.id, limit: "1" })).toEqual([second.id]);
    expect(await listed({ from: "1969-01-01T00:00:00Z", to: "9999-12-31T23:59:59Z" })).toHaveLength(3);
    expect(await listed({ from: third.createdAt, to: first.createdAt })).toEqual([]);
  });
  test("422 for a status or a time that is none", async () => {
    const owner = await customer();
    for (const query of ["status=lost", "from=yesterday", "to=2026-13-01T00:00:00Z", "cursor=1"])
      expect((await owner.get(`/orders/user/${owner.id}?${query}`)).status).toBe(422);
  });
  test("200 with pages from new to old, each order once", async () => {
    const owner = await customer();
    const ids: string[] = [];
    for (let n = 0; n < 5; n++) ids.push((await owner.post()).body.id);
    const first = (await owner.get<View & { items: View[] }>(`/orders/user/${owner.id}?limit=3`)).body;
    const second = (
      await owner.get<View & { items: View[] }>(`/orders/user/${owner.id}?limit=3&cursor=${first.nextCursor}`)
    ).body;
    expect([...first.items, ...second.items].map((order) => order.id)).toEqual(ids.reverse());
    expect(second.nextCursor).toBeNull();
  });
  test("404 for somebody else's, 422 for a limit of 0", async () => {
    const owner = await customer();
    expect((await (await customer()).get(`/orders/user/${owner.id}`)).status).toBe(404);
    expect((await owner.get(`/orders/user/${owner.id}?limit=0`)).status).toBe(422);
  });
});

describe("GET /internal/orders/payable", () => {
  test("says what may be charged, once the stock is held", async () => {
    const owner = await customer();
    const { body: order } = await owner.post();
    const authorization = `Bearer ${await tokens.payment.for("order")}`;
    const path = `/internal/orders/payable?ids=${order.id},${Bun.randomUUIDv7()},${order.id}`;
    const ask = async () => (await send("GET", path, { authorization })).body;
    expect(await ask()).toMatchObject({ items: [{ payable: false }] });
    await service.answer(order.id, "inventory.updated", { change: "reserved" });
    // Once, however often it is asked for; of one that does not exist nothing is said.
    expect(await ask()).toEqual({
      items: [
        {
          orderId: order.id,
          userId: owner.id,
          amount: { amount: 3998, currency: "USD" },
          payable: true,
          refusal: "order.not_awaiting_payment",
        },
      ],
    });
  });
  test("says why nobody can begin to pay for it, until it waits for that", async () => {
    const owner = await customer();
    const { body: order } = await owner.post({ paymentMethod: undefined });
    const authorization = `Bearer ${await tokens.payment.for("order")}`;
    const ask = async () => {
      const { body } = await send("GET", `/internal/orders/payable?ids=${order.id}`, { authorization });
      return (body as unknown as Payables).items[0] as Payable;
    };
    expect(await ask()).toMatchObject({ payable: false, refusal: "order.not_awaiting_payment" });
    await service.answer(order.id, "inventory.updated", { change: "reserved" });
    expect(await ask()).toMatchObject({ userId: owner.id, payable: false });
    expect(await ask()).not.toHaveProperty("refusal");
    await service.orders.updateOne({ _id: order.id }, { $set: { holdExpiresAt: new Date(0) } });
    expect(await ask()).toMatchObject({ refusal: "order.hold_expired" });
    await owner.cancel(order.id);
    expect(await ask()).toMatchObject({ refusal: "order.cancelled" });
  });
  test("401 with a user's token, 403 for another service, 422 for what is no id", async () => {
    const path = `/internal/orders/payable?ids=${Bun.randomUUIDv7()}`;
    expect((await (await customer()).get(path)).status).toBe(401);
    expect((await send("GET", path, { authorization: `Bearer ${await tokens.user.for("order")}` })).status).toBe(403);
    const authorization = `Bearer ${await tokens.payment.for("order")}`;
    expect((await send("GET", `${path},x`, { authorization })).status).toBe(422);
  });
});
