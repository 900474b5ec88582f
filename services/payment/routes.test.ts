import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Payable } from "@shop/contracts/internal-api";
import { testClient } from "@shop/kit/testing/http";
import { testIssuer } from "@shop/kit/testing/tokens";
import { routes } from "./routes";
import { type TestPayments, testPayments } from "./testing/payment-service";

let service: TestPayments;
let send: ReturnType<typeof testClient>;
let issuer: Awaited<ReturnType<typeof testIssuer>>;
let order: Payable;
let paymentId: string;
beforeAll(async () => {
  service = await testPayments();
  issuer = await testIssuer();
  send = testClient(routes(service.deps, issuer.verify));
  order = service.newOrder();
  await service.charge(order, "pm_card_chargeDeclined");
  paymentId = (await service.paymentOf(order)).id;
});
afterAll(() => service.close());

const get = async (path: string, userId: string, permissions: string[] = []) =>
  send("GET", path, { authorization: await issuer.bearer(userId, permissions) });

describe("GET /payments/{id} and /payments/order/{orderId}", () => {
  test("200 for the payer, by payment id and by order id, with the failure code and no data of the provider", async () => {
    const { status, body } = await get(`/payments/${paymentId}`, order.userId);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      id: paymentId,
      status: "failed",
      amount: order.amount,
      failureCode: "payment.declined.generic_decline",
    });
    expect(Object.keys(body).sort()).toEqual([
      "amount",
      "createdAt",
      "failureCode",
      "id",
      "orderId",
      "provider",
      "status",
      "updatedAt",
      "userId",
    ]);
    expect((await get(`/payments/order/${order.orderId}`, order.userId)).body).toMatchObject({
      items: [{ id: paymentId }],
    });
  });
  test("200 with the permission payments:read", async () => {
    expect((await get(`/payments/${paymentId}`, Bun.randomUUIDv7(), ["payments:read"])).status).toBe(200);
  });
  test("404 for other users and for unknown ids", async () => {
    expect((await get(`/payments/${paymentId}`, Bun.randomUUIDv7())).status).toBe(404);
    expect((await get(`/payments/order/${order.orderId}`, Bun.randomUUIDv7())).status).toBe(404);
    expect((await get(`/payments/${Bun.randomUUIDv7()}`, order.userId)).status).toBe(404);
  });
  test("401 without a token, 422 for an invalid id", async () => {
    expect((await send("GET", `/payments/${paymentId}`)).status).toBe(401);
    expect((await get("/payments/nonsense", order.userId)).status).toBe(422);
  });
});

describe("POST /payments/process", () => {
  const paymentMethod = { provider: "stripe", token: "pm_card_visa" };
  const post = async (body: unknown, o: { userId?: string; headers?: Record<string, string> } = {}) =>
    send<{ id: string; status: string; code?: string }>("POST", "/payments/process", {
      body,
      headers: o.headers,
      authorization: await issuer.bearer(o.userId ?? Bun.randomUUIDv7()),
    });
  const withoutWaiting = () => testClient(routes({ ...service.deps, waitMsMax: 0 }, issuer.verify));

  test("202 with a location while the payment is pending, 201 once it has ended", async () => {
    const unpaid = service.newOrder();
    const request = {
      body: { orderId: unpaid.orderId, amount: unpaid.amount, paymentMethod },
      authorization: await issuer.bearer(unpaid.userId),
      headers: { "idempotency-key": "k", "x-forwarded-prefix": "/api/v1" },
    };
    const first = await withoutWaiting()<{ id: string; status: string }>("POST", "/payments/process", request);
    expect([first.status, first.body.status]).toEqual([202, "pending"]);
    expect(first.headers.get("location")).toBe(`/api/v1/payments/${first.body.id}`);
    expect(JSON.stringify(first.body)).not.toMatch(/sealed|saga/);
    await service.beginPayment(unpaid);
    const second = await withoutWaiting()<{ id: string; status: string }>("POST", "/payments/process", request);
    expect([second.status, second.body.id, second.body.status]).toEqual([201, first.body.id, "completed"]);
  });
  test.each([
    ["a missing order id", { orderId: undefined }],
    ["an order id that is not a UUID", { orderId: "x" }],
    ["an amount that is a string", { amount: "19.99" }],
    ["an amount of minor units that is a string", { amount: { amount: "1999", currency: "USD" } }],
    ["a missing payment method", { paymentMethod: undefined }],
    ["an unknown provider", { paymentMethod: { provider: "cash", token: "x" } }],
    ["a card number as token", { paymentMethod: { provider: "stripe", token: "4242424242424242" } }],
    ["an amount that differs from the order's total", { amount: { amount: 1, currency: "USD" } }],
  ])("422 for %s", async (_case, change) => {
    const unpaid = service.newOrder();
    const response = await post({ orderId: unpaid.orderId, paymentMethod, ...change }, { userId: unpaid.userId });
    expect(response.status).toBe(422);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
  });
  test("404 for another user's or an unknown order, 409 for an order that cannot be paid for, 401 without a token", async () => {
    const unpaid = service.newOrder();
    const body = { orderId: unpaid.orderId, paymentMethod };
    expect((await post(body)).status).toBe(404);
    expect((await post({ ...body, orderId: Bun.randomUUIDv7() })).status).toBe(404);
    const lapsed = service.newOrder({ refusal: "order.hold_expired" });
    const response = await post({ ...body, orderId: lapsed.orderId }, { userId: lapsed.userId });
    expect([response.status, response.body.code]).toEqual([409, "order.hold_expired"]);
    expect((await send("POST", "/payments/process", { body })).status).toBe(401);
  });
});
