import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type TestPayments, testPayments } from "../testing/payment-service";
import { continueSaga } from "./continue-saga";

let service: TestPayments;
beforeAll(async () => {
  service = await testPayments();
});
afterAll(() => service.close());

describe("when order begins the payment", () => {
  test("the card is charged and order is informed once, however often the reply arrives", async () => {
    const order = service.newOrder();
    await service.pay(order);
    const message = await service.beginPayment(order);
    await Promise.all([
      continueSaga(service.deps, message.data, message),
      ...Array.from({ length: 5 }, () => service.beginPayment(order)),
    ]);
    expect(await service.paymentOf(order)).toMatchObject({
      status: "completed",
      sealedToken: undefined,
      leaseId: undefined,
    });
    expect(await service.ledgerLines(order)).toEqual(["charge 1999"]);
    expect(await service.messageTypes(order.orderId)).toEqual(["order.begin", "payment.processed", "order.settle"]);
    await service.replyFromOrder(order, "order.status_changed", { to: "confirmed" });
    expect((await service.paymentOf(order)).saga?.status).toBe("completed");
  });
  test("five concurrent replies charge once", async () => {
    const order = service.newOrder();
    await service.pay(order);
    await Promise.all(Array.from({ length: 5 }, () => service.beginPayment(order)));
    expect(await service.ledgerLines(order)).toEqual(["charge 1999"]);
  });
  test("a declined card makes the saga abandon the payment", async () => {
    const order = service.newOrder();
    await service.pay(order, { paymentMethod: { provider: "stripe", token: "pm_card_chargeDeclined" } });
    await service.beginPayment(order);
    expect(await service.messageTypes(order.orderId)).toEqual(["order.begin", "payment.failed", "order.abandon"]);
    await service.replyFromOrder(order, "order.payment_refused", { code: "payment.declined.generic_decline" });
    expect(await service.paymentOf(order)).toMatchObject({
      status: "failed",
      failureCode: "payment.declined.generic_decline",
      saga: { status: "compensated" },
    });
  });
});

test("a refusal by order fails the payment without a call, and the order can be paid for again", async () => {
  const order = service.newOrder();
  await service.pay(order);
  await service.replyFromOrder(order, "order.payment_refused", { code: "order.hold_expired" });
  expect(await service.paymentOf(order)).toMatchObject({
    status: "failed",
    failureCode: "order.hold_expired",
    sealedToken: undefined,
    saga: { status: "compensated" },
  });
  expect(await service.callLines(order)).toEqual([]);
  await service.pay(order);
  expect(await service.deps.store.listByOrder(order.orderId)).toHaveLength(2);
});

test("a reply to an unknown saga, or without a saga, is ignored", async () => {
  const order = service.newOrder();
  const message = service.message("order.status_changed", order.orderId, Bun.randomUUIDv7(), { to: "paying" });
  await continueSaga(service.deps, message.data, message);
  await continueSaga(service.deps, message.data, { ...message, sagaid: undefined });
  expect(await service.messageTypes(order.orderId)).toEqual([]);
});
