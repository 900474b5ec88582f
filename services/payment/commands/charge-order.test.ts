import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chargeData } from "../testing/payment-actions";
import { type TestPayments, testPayments } from "../testing/payment-service";
import { chargeOrder } from "./charge-order";
import { resumePayments } from "./resume-payments";

let service: TestPayments;
beforeAll(async () => {
  service = await testPayments();
});
afterAll(() => service.close());

describe("a charge", () => {
  test("captures the money once, in two calls, and removes the token", async () => {
    const order = service.newOrder();
    await service.charge(order);
    expect(await service.paymentOf(order)).toMatchObject({
      status: "completed",
      sealedToken: undefined,
      leaseId: undefined,
    });
    expect(await service.ledgerLines(order)).toEqual(["charge 1999"]);
    expect(await service.callLines(order)).toEqual(["create answered", "confirm answered"]);
    expect(await service.messageTypes(order.orderId)).toEqual(["payment.processed"]);
  });
  test("with a declined card fails with the decline code and moves no money", async () => {
    const order = service.newOrder();
    await service.charge(order, "pm_card_chargeDeclinedInsufficientFunds");
    expect(await service.paymentOf(order)).toMatchObject({
      status: "failed",
      failureCode: "payment.declined.insufficient_funds",
    });
    expect(await service.ledgerLines(order)).toEqual([]);
    expect(await service.messageTypes(order.orderId)).toEqual(["payment.failed"]);
  });
  test("with an unknown payment method fails", async () => {
    const order = service.newOrder();
    await service.charge(order, "pm_nobody");
    expect(await service.paymentOf(order)).toMatchObject({ status: "failed", failureCode: "payment.method_unknown" });
  });
  test("below the provider's minimum amount fails and is not retried", async () => {
    const order = service.newOrder({ amount: { amount: 10, currency: "USD" } });
    await service.charge(order);
    expect(await service.paymentOf(order)).toMatchObject({
      status: "failed",
      failureCode: "payment.refused.amount_too_small",
    });
    expect(await service.messageTypes(order.orderId)).toEqual(["payment.failed"]);
  });
  test("that requires customer authentication fails and moves no money", async () => {
    const order = service.newOrder();
    await service.charge(order, "pm_card_authenticationRequired");
    expect(await service.paymentOf(order)).toMatchObject({
      status: "failed",
      failureCode: "payment.authentication_required",
    });
    expect(await service.ledgerLines(order)).toEqual([]);
  });
  test("with an unknown provider fails", async () => {
    const order = service.newOrder();
    const message = service.message("payment.charge", order.orderId, order.orderId);
    const paymentMethod = { provider: "shells", sealedToken: "x" };
    await chargeOrder(service.deps, { orderId: order.orderId, paymentMethod }, message);
    expect(await service.paymentOf(order)).toMatchObject({
      status: "failed",
      failureCode: "payment.provider_unknown",
    });
  });
  test("for an order that may not be charged fails without a call", async () => {
    const order = service.newOrder({ payable: false });
    await service.charge(order);
    expect(await service.paymentOf(order)).toMatchObject({
      status: "failed",
      failureCode: "payment.order_not_payable",
    });
    expect(await service.callLines(order)).toEqual([]);
    expect(await service.messageTypes(order.orderId)).toEqual(["payment.failed"]);
  });
});

describe("a repeated charge", () => {
  test("as the same message sends only the stored reply", async () => {
    const order = service.newOrder();
    const message = await service.charge(order);
    await chargeOrder(service.deps, chargeData(order.orderId, "pm_card_visa"), message);
    expect(await service.ledgerLines(order)).toEqual(["charge 1999"]);
    expect(await service.messageTypes(order.orderId)).toEqual(["payment.processed"]);
  });
  test("as another message of the saga sends a second reply and charges once", async () => {
    const order = service.newOrder();
    await service.charge(order);
    await service.charge(order);
    expect(await service.ledgerLines(order)).toEqual(["charge 1999"]);
    expect(await service.messageTypes(order.orderId)).toEqual(["payment.processed", "payment.processed"]);
  });
  // Many rounds, because the failure to prevent is rare: two inserts must meet in one unique index before the other one.
  test("ten times concurrently charges once, in each of fifty rounds", async () => {
    for (let round = 0; round < 50; round++) {
      const order = service.newOrder();
      await Promise.all(Array.from({ length: 10 }, () => service.charge(order)));
      await service.expireLeases();
      await resumePayments(service.deps);
      expect(await service.ledgerLines(order)).toEqual(["charge 1999"]);
      expect((await service.paymentOf(order)).status).toBe("completed");
    }
  });
  test("by another saga is an error and charges nothing while the first payment is live", async () => {
    const order = service.newOrder();
    await service.charge(order);
    const second = service.charge(order, "pm_card_visa", Bun.randomUUIDv7());
    await expect(second).rejects.toThrow("live payment of another saga");
    expect(await service.ledgerLines(order)).toEqual(["charge 1999"]);
  });
});
