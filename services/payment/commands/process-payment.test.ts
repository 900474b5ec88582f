import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { errorCode } from "@shop/kit/testing/error-code";
import { eventually } from "@shop/kit/testing/eventually";
import { ownerOf, payRequest } from "../testing/payment-actions";
import { type TestPayments, testPayments } from "../testing/payment-service";
import { type ProcessPayment, processPayment } from "./process-payment";
import { resumePayments } from "./resume-payments";

let service: TestPayments;
beforeAll(async () => {
  service = await testPayments();
});
afterAll(() => service.close());

describe("a payment request", () => {
  test("stores the payment with its saga and first command, seals the token and makes no call", async () => {
    const order = service.newOrder();
    const payment = await service.pay(order);
    expect(payment).toMatchObject({ status: "pending", amount: order.amount, sealedToken: "sealed(pm_card_visa)" });
    expect(payment.leaseId).toBeUndefined();
    expect(payment.saga).toMatchObject({ name: "pay-order", step: "begin" });
    expect(await service.messageTypes(order.orderId)).toEqual(["order.begin"]);
    await resumePayments(service.deps);
    expect(await service.ledgerLines(order)).toEqual([]);
  });
  test("waits for the payment to end", async () => {
    const order = service.newOrder();
    const waiting = processPayment(service.deps, ownerOf(order), payRequest(order));
    await eventually(async () => (await service.deps.store.listByOrder(order.orderId)).length === 1);
    await service.beginPayment(order);
    expect(await waiting).toMatchObject({ status: "completed" });
  });
  test("is refused for a different amount, another user's order, and an order that cannot be paid for", async () => {
    const order = service.newOrder();
    for (const amount of [
      { amount: 1, currency: "USD" },
      { amount: 1999, currency: "EUR" },
    ])
      expect(await errorCode(service.pay(order, { amount }))).toBe("payment.amount_mismatch");
    const stranger = { id: Bun.randomUUIDv7(), permissions: ["payments:read"], expiresAt: 0 };
    expect(await errorCode(service.pay(order, {}, stranger))).toBe("order.not_found");
    expect(await errorCode(service.pay({ ...order, orderId: Bun.randomUUIDv7() }))).toBe("order.not_found");
    for (const refusal of ["order.hold_expired", "order.something_new"])
      expect(await errorCode(service.pay(service.newOrder({ refusal })))).toBe(refusal);
    expect(await service.deps.store.listByOrder(order.orderId)).toEqual([]);
    expect((await service.pay(order, { amount: order.amount })).status).toBe("pending");
  });
  test("ten times concurrently without a key starts one payment and refuses the others", async () => {
    const order = service.newOrder();
    const codes = await Promise.all(Array.from({ length: 10 }, () => errorCode(service.pay(order))));
    expect(codes.toSorted()).toEqual(["nothing thrown", ...Array.from({ length: 9 }, () => "order.being_paid")]);
    expect(await service.messageTypes(order.orderId)).toEqual(["order.begin"]);
  });
});

describe("an idempotency key", () => {
  test("used ten times concurrently, and again after the end, names one payment", async () => {
    const order = service.newOrder();
    const idempotencyKey = "once";
    const payments = await Promise.all(Array.from({ length: 10 }, () => service.pay(order, { idempotencyKey })));
    expect(new Set(payments.map(({ id }) => id)).size).toBe(1);
    await service.beginPayment(order);
    expect(await service.pay(order, { idempotencyKey })).toMatchObject({ id: payments[0]?.id, status: "completed" });
    expect(await service.ledgerLines(order)).toEqual(["charge 1999"]);
  });
  test("returns the first payment when that payment is the reason for the order's refusal", async () => {
    const order = service.newOrder();
    const idempotencyKey = "between";
    let first = "";
    const loadPayable = async (orderId: string) => {
      first = (await service.pay(order, { idempotencyKey })).id;
      return { ...(await service.deps.loadPayable(orderId)), refusal: "order.being_paid" };
    };
    const second = await processPayment({ ...service.deps, waitMsMax: 0, loadPayable }, ownerOf(order), {
      ...payRequest(order),
      idempotencyKey,
    });
    expect(second.id).toBe(first);
  });
  test("is refused for a different request, and accepted from another user", async () => {
    const order = service.newOrder();
    const idempotencyKey = "other";
    await service.pay(order, { idempotencyKey });
    const differences: Partial<ProcessPayment>[] = [
      { amount: order.amount },
      { orderId: service.newOrder().orderId },
      { paymentMethod: { provider: "stripe", token: "pm_card_chargeDeclined" } },
    ];
    for (const difference of differences)
      expect(await errorCode(service.pay(order, { idempotencyKey, ...difference }))).toBe("idempotency.key_reused");
    expect((await service.pay(service.newOrder(), { idempotencyKey })).status).toBe("pending");
  });
  test("of a refused request can be used again", async () => {
    const order = service.newOrder();
    const idempotencyKey = "refused";
    const amount = { amount: 1, currency: "USD" };
    expect(await errorCode(service.pay(order, { idempotencyKey, amount }))).toBe("payment.amount_mismatch");
    expect((await service.pay(order, { idempotencyKey })).status).toBe("pending");
  });
  const usd = { amount: 1999, currency: "USD" };
  test.each([
    ["with an amount", "0198c0de-0000-7000-8000-000000000001", usd, "pAVE7UBsmxmq1-Q7MkFlprACnYfON4RRImOLqTkOUGI"],
    ["without one", "0198c0de-0000-7000-8000-000000000003", undefined, "j40_9hwJPRYB8axWWT2Lj-hPSxo7Zf6K2BktCNeUbak"],
  ])("of a request %s has the stored scope and hash of earlier versions", async (_case, orderId, amount, hash) => {
    const order = service.newOrder({ orderId, userId: "0198c0de-0000-7000-8000-000000000002" });
    const { id } = await service.pay(order, { idempotencyKey: `k ${orderId}`, amount });
    const [row] = await service.sql`select idempotency_scope, idempotency_hash from payment where id = ${id}`;
    expect(row).toEqual({
      idempotency_scope: `0198c0de-0000-7000-8000-000000000002 POST /payments/process k ${orderId}`,
      idempotency_hash: hash,
    });
  });
});
