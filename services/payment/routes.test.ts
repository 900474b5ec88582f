import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Payable } from "@shop/contracts/internal-api";
import { testClient } from "@shop/kit/testing/http";
import { testIssuer } from "@shop/kit/testing/tokens";
import { chargeOrder } from "./commands/charge-order";
import { continueSaga } from "./commands/continue-saga";
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
  const paymentMethod = { provider: "stripe", sealedToken: "sealed(pm_card_chargeDeclined)" };
  await chargeOrder(
    service.deps,
    { orderId: order.orderId, paymentMethod },
    service.message("payment.charge", order.orderId, order.orderId),
  );
  paymentId = (await service.deps.store.byOrder(order.orderId))[0]?.id ?? "";
});
afterAll(() => service.close());

const get = async (path: string, userId: string, permissions: string[] = []) =>
  send("GET", path, { authorization: await issuer.bearer(userId, permissions) });

test("200 for the payer, by payment and by order, with the reason and nothing of the provider's", async () => {
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
test("200 for who may read payments", async () => {
  expect((await get(`/payments/${paymentId}`, Bun.randomUUIDv7(), ["payments:read"])).status).toBe(200);
});
test("404 for anybody else, and for what does not exist", async () => {
  expect((await get(`/payments/${paymentId}`, Bun.randomUUIDv7())).status).toBe(404);
  expect((await get(`/payments/order/${order.orderId}`, Bun.randomUUIDv7())).status).toBe(404);
  expect((await get(`/payments/${Bun.randomUUIDv7()}`, order.userId)).status).toBe(404);
});
describe("POST /payments/process", () => {
  const paymentMethod = { provider: "stripe", token: "pm_card_visa" };
  const post = async (body: unknown, o: { userId?: string; headers?: Record<string, string> } = {}) =>
    send<{ id: string; status: string; code?: string }>("POST", "/payments/process", {
      body,
      headers: o.headers,
      authorization: await issuer.bearer(o.userId ?? Bun.randomUUIDv7()),
    });
  const soon = () => testClient(routes({ ...service.deps, waitMs: 0 }, issuer.verify));

  test("202 with where to look while it goes on, 201 with the same once it has ended", async () => {
    const unpaid = service.newOrder();
    const request = {
      body: { orderId: unpaid.orderId, amount: unpaid.amount, paymentMethod },
      authorization: await issuer.bearer(unpaid.userId),
      headers: { "idempotency-key": "k", "x-forwarded-prefix": "/api/v1" },
    };
    const first = await soon()<{ id: string; status: string }>("POST", "/payments/process", request);
    expect([first.status, first.body.status]).toEqual([202, "pending"]);
    expect(first.headers.get("location")).toBe(`/api/v1/payments/${first.body.id}`);
    expect(JSON.stringify(first.body)).not.toMatch(/sealed|saga/);
    const payment = await service.deps.store.byId(first.body.id);
    const message = service.message("order.status_changed", unpaid.orderId, payment?.sagaId ?? "", { to: "paying" });
    await continueSaga(service.deps, message.data, message);
    const second = await soon()<{ id: string; status: string }>("POST", "/payments/process", request);
    expect([second.status, second.body.id, second.body.status]).toEqual([201, first.body.id, "completed"]);
  });
  test.each([
    ["no order", { orderId: undefined }],
    ["an order id that is none", { orderId: "x" }],
    ["an amount that is a text", { amount: "19.99" }],
    ["an amount in words", { amount: { amount: "1999", currency: "USD" } }],
    ["no payment method", { paymentMethod: undefined }],
    ["an unknown provider", { paymentMethod: { provider: "cash", token: "x" } }],
    ["a card number for a token", { paymentMethod: { provider: "stripe", token: "4242424242424242" } }],
    ["another amount", { amount: { amount: 1, currency: "USD" } }],
  ])("422 for %s", async (_what, over) => {
    const unpaid = service.newOrder();
    const answer = await post({ orderId: unpaid.orderId, paymentMethod, ...over }, { userId: unpaid.userId });
    expect(answer.status).toBe(422);
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
  });
  test("404 for somebody else's order or none, 409 for one that does not wait, 401 without a token", async () => {
    const unpaid = service.newOrder();
    const body = { orderId: unpaid.orderId, paymentMethod };
    expect((await post(body)).status).toBe(404);
    expect((await post({ ...body, orderId: Bun.randomUUIDv7() })).status).toBe(404);
    const lapsed = service.newOrder({ refusal: "order.hold_expired" });
    const answer = await post({ ...body, orderId: lapsed.orderId }, { userId: lapsed.userId });
    expect([answer.status, answer.body.code]).toEqual([409, "order.hold_expired"]);
    expect((await send("POST", "/payments/process", { body })).status).toBe(401);
  });
});

test("401 without a token, 422 for what is no id", async () => {
  expect((await send("GET", `/payments/${paymentId}`)).status).toBe(401);
  expect((await get("/payments/nonsense", order.userId)).status).toBe(422);
});
