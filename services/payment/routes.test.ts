import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Payable } from "@shop/contracts/internal-api";
import { testClient } from "@shop/kit/testing/http";
import { testIssuer } from "@shop/kit/testing/tokens";
import { chargeOrder } from "./commands/charge-order";
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
test("401 without a token, 422 for what is no id", async () => {
  expect((await send("GET", `/payments/${paymentId}`)).status).toBe(401);
  expect((await get("/payments/nonsense", order.userId)).status).toBe(422);
});
