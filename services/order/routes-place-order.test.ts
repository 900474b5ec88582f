import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { AppError } from "@shop/kit/errors/app-error";
import { anOrderBody, type TestOrderApi, testOrderApi } from "./testing/order-api";
import { krone, lamp } from "./testing/order-service";

let api: TestOrderApi;
beforeAll(async () => {
  api = await testOrderApi();
});
afterAll(() => api.close());

describe("POST /orders", () => {
  test("201 with the order and its location; a price sent by the client is ignored", async () => {
    const { post } = await api.user();
    const items = [{ productId: lamp.id, quantity: 2, price: 1 }];
    const answer = await post({ items }, { "x-forwarded-prefix": "/api/v1" });
    expect(answer.status).toBe(201);
    expect(answer.headers.get("location")).toBe(`/api/v1/orders/${answer.body.id}`);
    expect(answer.body).toMatchObject({ status: "pending", total: { amount: 3998, currency: "USD" } });
    expect(JSON.stringify(answer.body)).not.toContain("sealed");
    expect(answer.body.history.map((line) => line.type)).toEqual(["saga.step", "order.created", "inventory.reserve"]);
  });
  test("201 with exactly the documented fields; nothing of the stored document is added", async () => {
    const { body: order } = await (await api.user()).post();
    const fields = ["createdAt", "history", "id", "items", "status", "total", "updatedAt", "userId"];
    expect(Object.keys(order).sort()).toEqual(fields);
  });
  test("201 without a payment method, with the time until which the order waits for payment", async () => {
    const { post } = await api.user();
    const { status, body: order } = await post({ paymentMethod: undefined });
    expect(status).toBe(201);
    const seconds = (Date.parse(order.holdExpiresAt ?? "") - Date.parse(order.createdAt)) / 1000;
    expect(seconds).toBe(api.service.deps.holdSeconds);
    await api.service.reply(order.id, "inventory.updated", { change: "reserved" });
    const stored = await api.service.document(order.id);
    expect(stored).toMatchObject({ status: "awaiting_payment", saga: { name: "place-unpaid-order" } });
  });
  test("201 with the same order for the same Idempotency-Key", async () => {
    const { post } = await api.user();
    const [first, second] = [await post({}, { "idempotency-key": "k" }), await post({}, { "idempotency-key": "k" })];
    expect(second.status).toBe(201);
    expect(second.body.id).toBe(first.body.id);
  });
  test.each([
    ["no items", { items: [] }],
    ["items that are not a list", { items: { productId: lamp.id } }],
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
    ["a card number as token", { paymentMethod: { provider: "stripe", token: "4242 4242 4242 4242" } }],
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
      "a country that is not a country code",
      { shippingAddress: { name: "a", line1: "b", city: "c", postalCode: "d", country: "Denmark" } },
    ],
  ])("422 for %s", async (_what, over) => {
    const answer = await (await api.user()).post(over);
    expect(answer.status).toBe(422);
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
    expect(answer.body.code).toBeString();
  });
  test("400 for invalid JSON, 415 for another content type, 422 without a body, 401 without a token", async () => {
    const { authorization } = await api.user();
    expect((await api.send("POST", "/orders", { raw: "{", authorization })).status).toBe(400);
    const headers = { "content-type": "text/plain" };
    expect((await api.send("POST", "/orders", { raw: "hello", authorization, headers })).status).toBe(415);
    expect((await api.send("POST", "/orders", { authorization })).status).toBe(422);
    expect((await api.send("POST", "/orders", { body: anOrderBody })).status).toBe(401);
  });
  test("409 for more units than are available", async () => {
    const answer = await (await api.user()).post({ items: [{ productId: lamp.id, quantity: 6 }] });
    expect([answer.status, answer.body.code]).toEqual([409, "order.out_of_stock"]);
  });
  test("422 for an Idempotency-Key that was used with another body", async () => {
    const { post } = await api.user();
    await post({}, { "idempotency-key": "k" });
    const answer = await post({ items: [{ productId: lamp.id, quantity: 1 }] }, { "idempotency-key": "k" });
    expect([answer.status, answer.body.code]).toEqual([422, "idempotency.key_reused"]);
  });
  test("503 with Retry-After while inventory is unavailable", async () => {
    const unavailable = { kind: "unavailable", public: "down", retryAfterSeconds: 2 } as const;
    const send = api.clientWith({
      loadProducts: () => Promise.reject(new AppError("inventory.unavailable", unavailable)),
    });
    const { authorization } = await api.user();
    const answer = await send("POST", "/orders", { body: anOrderBody, authorization });
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "2"]);
  });
  test("500 without details for an unexpected error", async () => {
    const send = api.clientWith({ seal: () => Promise.reject(new Error("secret detail")) });
    const { authorization } = await api.user();
    const answer = await send("POST", "/orders", { body: anOrderBody, authorization });
    expect(answer.status).toBe(500);
    expect(JSON.stringify(answer.body)).not.toContain("secret detail");
  });
});
