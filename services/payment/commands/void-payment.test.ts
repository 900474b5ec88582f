import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Payable } from "@shop/contracts/internal-api";
import { type TestPayments, testPayments } from "../testing/payment-service";
import { resumePayments } from "./resume-payments";
import { voidPayment } from "./void-payment";

let service: TestPayments;
beforeAll(async () => {
  service = await testPayments();
});
afterAll(() => service.close());

describe("a void", () => {
  test("after the charge refunds the money once", async () => {
    const order = service.newOrder();
    await service.charge(order);
    await service.voidCharge(order);
    await service.voidCharge(order);
    expect(await service.ledgerLines(order)).toEqual(["charge 1999", "refund 1999"]);
    expect((await service.paymentOf(order)).status).toBe("voided");
    expect(await service.messageTypes(order.orderId)).toEqual([
      "payment.processed",
      "payment.refunded",
      "payment.voided",
      "payment.voided",
    ]);
  });
  test("before the charge leaves a tombstone that refuses the charge", async () => {
    const order = service.newOrder();
    await service.voidCharge(order);
    await service.charge(order);
    expect((await service.paymentOf(order)).status).toBe("voided");
    expect(await service.ledgerLines(order)).toEqual([]);
    expect(await service.messageTypes(order.orderId)).toEqual(["payment.voided", "payment.voided"]);
  });
  test("after a declined charge refunds nothing", async () => {
    const order = service.newOrder();
    await service.charge(order, "pm_card_chargeDeclined");
    await service.voidCharge(order);
    expect(await service.messageTypes(order.orderId)).toEqual(["payment.failed", "payment.voided"]);
  });
  test.each(["payment_intents.create", "payment_intents.confirm"])(
    "after a lost response to %s leaves no money held",
    async (operation) => {
      const order = service.newOrder();
      await service.sandbox.fault(operation, "drop_answer_after_acting");
      await service.charge(order);
      await service.voidCharge(order);
      await service.expireLeases();
      await resumePayments(service.deps);
      expect((await service.paymentOf(order)).status).toBe("voided");
      const ledger = await service.ledgerLines(order);
      expect(ledger.filter((line) => line.startsWith("charge"))).toHaveLength(
        ledger.filter((line) => line.startsWith("refund")).length,
      );
      // A refund is reported only if money had been captured.
      const types = ledger.length > 0 ? ["payment.refunded", "payment.voided"] : ["payment.voided"];
      expect(await service.messageTypes(order.orderId)).toEqual(types);
    },
  );
  test("by the payment's own saga refunds the money once, and the saga still awaits order's reply", async () => {
    const order = service.newOrder();
    await service.pay(order);
    await service.beginPayment(order);
    const { id, sagaId } = await service.paymentOf(order);
    const message = service.message("payment.void", order.orderId, sagaId);
    const command = { orderId: order.orderId, paymentId: id, reason: "order.cancel_requested" };
    await voidPayment(service.deps, command, message);
    expect(await service.ledgerLines(order)).toEqual(["charge 1999", "refund 1999"]);
    expect(await service.paymentOf(order)).toMatchObject({
      status: "voided",
      saga: { status: "running", step: "settle" },
    });
    await service.replyFromOrder(order, "order.payment_refused", { code: "order.cancel_requested" });
    expect(await service.paymentOf(order)).toMatchObject({ status: "voided", saga: { status: "completed" } });
  });
});

describe("payment.refunded", () => {
  const refundEvents = async (order: Payable) => {
    const rows = await service.sql`
      select body from outbox where subject = ${order.orderId} and body->>'type' = 'payment.refunded'`;
    return rows.map(({ body }) => body);
  };

  test("states the amount, the payer, and the refund id that the provider stores too", async () => {
    const order = service.newOrder();
    await service.charge(order);
    await service.voidCharge(order);
    const { id: paymentId } = await service.paymentOf(order);
    const [event, ...others] = await refundEvents(order);
    const { orderId, userId, amount } = order;
    const refundId = Bun.randomUUIDv5("refund", paymentId);
    const data = { paymentId, orderId, userId, amount, provider: "stripe", refundId, refunded: amount };
    expect(event).toMatchObject({ source: "/services/payment", data });
    expect(event.sagaid).toBeUndefined();
    expect(others).toEqual([]);
    const refunds = (await service.sandbox.ledger(paymentId)).filter((entry) => entry.type === "refund");
    expect(refunds.map((entry) => entry.metadata.refundId)).toEqual([refundId]);
  });
  test("is sent once despite ten concurrent voids, a duplicate message and sweeps", async () => {
    for (let round = 0; round < 10; round++) {
      const order = service.newOrder();
      await service.charge(order);
      const message = service.message("payment.void", order.orderId, order.orderId);
      const deliver = () => voidPayment(service.deps, { orderId: order.orderId, reason: "test" }, message);
      await Promise.all([
        ...Array.from({ length: 9 }, () => service.voidCharge(order)),
        deliver(),
        resumePayments(service.deps),
      ]);
      await deliver();
      await service.expireLeases();
      await resumePayments(service.deps);
      expect(await refundEvents(order)).toHaveLength(1);
      expect(await service.ledgerLines(order)).toEqual(["charge 1999", "refund 1999"]);
    }
  });
  test("is sent once if the process died after the provider had refunded", async () => {
    const order = service.newOrder();
    await service.charge(order);
    await service.sandbox.fault("refunds.create", "drop_answer_after_acting");
    await service.voidCharge(order);
    expect(await refundEvents(order)).toEqual([]);
    await service.expireLeases();
    await Promise.all([resumePayments(service.deps), resumePayments(service.deps)]);
    expect(await refundEvents(order)).toHaveLength(1);
  });
  test("is not sent if no money was captured", async () => {
    const [declined, neverCharged] = [service.newOrder(), service.newOrder()];
    await service.charge(declined, "pm_card_chargeDeclined");
    for (const order of [declined, neverCharged]) {
      await service.voidCharge(order);
      expect(await refundEvents(order)).toEqual([]);
    }
  });
});

describe("a void by a saga other than the charge's", () => {
  const [placing, cancelling] = [Bun.randomUUIDv7(), Bun.randomUUIDv7()];
  const chargedOrder = async () => {
    const order = service.newOrder();
    const saga = Bun.randomUUIDv7();
    await service.charge(order, "pm_card_visa", saga);
    return { order, saga, paymentId: (await service.paymentOf(order)).id };
  };
  /** The type and the saga of each message about an order, in order. */
  const sagaMessages = async (order: Payable) => {
    const rows = await service.sql`
      select body->>'type' as type, body->>'sagaid' as saga from outbox where subject = ${order.orderId} order by seq`;
    return rows.map((row) => `${row.type} ${row.saga}`);
  };

  test("finds the payment by its id, refunds it once, and replies to the saga that asked", async () => {
    const { order, saga, paymentId } = await chargedOrder();
    await service.voidCharge(order, cancelling, paymentId);
    await service.voidCharge(order, cancelling, paymentId);
    expect(await service.ledgerLines(order)).toEqual(["charge 1999", "refund 1999"]);
    expect(await service.deps.store.listByOrder(order.orderId)).toHaveLength(1);
    expect(await sagaMessages(order)).toEqual([
      `payment.processed ${saga}`,
      "payment.refunded null",
      `payment.voided ${cancelling}`,
      `payment.voided ${cancelling}`,
    ]);
  });
  test("is replied to by the sweep if the provider's response was lost", async () => {
    const { order, saga, paymentId } = await chargedOrder();
    await service.sandbox.fault("refunds.create", "drop_answer_after_acting");
    await service.voidCharge(order, cancelling, paymentId);
    await service.expireLeases();
    await resumePayments(service.deps);
    expect(await service.ledgerLines(order)).toEqual(["charge 1999", "refund 1999"]);
    expect(await sagaMessages(order)).toEqual([
      `payment.processed ${saga}`,
      "payment.refunded null",
      `payment.voided ${cancelling}`,
    ]);
  });
  test("fails if the order has no such payment, and does not report that no money is held", async () => {
    const [{ order, saga }, other] = [await chargedOrder(), await chargedOrder()];
    await expect(service.voidCharge(order, placing, other.paymentId)).rejects.toThrow("has no payment");
    await expect(service.voidCharge(order, placing, Bun.randomUUIDv7())).rejects.toThrow("has no payment");
    expect(await sagaMessages(order)).toEqual([`payment.processed ${saga}`]);
  });
});
