import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { AppError } from "@shop/kit/errors";
import { testClient } from "@shop/kit/testing/http";
import { testIssuer, testServiceTokens } from "@shop/kit/testing/tokens";
import { routes } from "./routes";
import { krone, lamp, type TestOrders, testOrders } from "./testing/order-service";

let service: TestOrders;
let send: ReturnType<typeof testClient>;
let issuer: Awaited<ReturnType<typeof testIssuer>>;
let tokens: Awaited<ReturnType<typeof testServiceTokens<"order" | "payment" | "user">>>;
beforeAll(async () => {
  service = await testOrders();
  issuer = await testIssuer();
  tokens = await testServiceTokens("order", "payment", "user");
  send = testClient(routes(service.deps, { verify: issuer.verify, tokens: tokens.order }));
});
afterAll(() => service.close());

const body = {
  items: [{ productId: lamp.id, quantity: 2 }],
  paymentMethod: { provider: "stripe", token: "pm_card_visa" },
};
type View = { id: string; status: string; items: unknown[]; history: { type: string }[]; nextCursor?: string };
async function customer(permissions: string[] = []) {
  const id = service.newUser();
  const authorization = await issuer.bearer(id, permissions);
  return {
    id,
    authorization,
    post: (over: object = {}, headers: Record<string, string> = {}) =>
      send<View & { code: string }>("POST", "/orders", { body: { ...body, ...over }, authorization, headers }),
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
    ["no payment method", { paymentMethod: undefined }],
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

describe("GET /orders/user/{userId}", () => {
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

describe("GET /internal/orders/{id}/payable", () => {
  test("says what may be charged, once the stock is held", async () => {
    const owner = await customer();
    const { body: order } = await owner.post();
    const ask = async () =>
      send("GET", `/internal/orders/${order.id}/payable`, {
        authorization: `Bearer ${await tokens.payment.for("order")}`,
      });
    expect((await ask()).body).toMatchObject({ payable: false });
    await service.answer(order.id, "inventory.updated", { change: "reserved" });
    expect((await ask()).body).toEqual({
      orderId: order.id,
      userId: owner.id,
      amount: { amount: 3998, currency: "USD" },
      payable: true,
    });
  });
  test("401 with a user's token, 403 for another service, 404 for no order", async () => {
    const path = `/internal/orders/${Bun.randomUUIDv7()}/payable`;
    expect((await (await customer()).get(path)).status).toBe(401);
    expect((await send("GET", path, { authorization: `Bearer ${await tokens.user.for("order")}` })).status).toBe(403);
    expect((await send("GET", path, { authorization: `Bearer ${await tokens.payment.for("order")}` })).status).toBe(
      404,
    );
  });
});
