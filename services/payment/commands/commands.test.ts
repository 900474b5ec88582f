import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Payable } from "@shop/contracts/internal-api";
import { type TestPayments, testPayments } from "../testing/payment-service";
import { chargeOrder } from "./charge-order";
import { resumePayments } from "./resume-payments";
import { voidPayment } from "./void-payment";

let service: TestPayments;
beforeAll(async () => {
  service = await testPayments();
});
afterAll(() => service.close());

const command = (order: Payable, token: string) => ({
  orderId: order.orderId,
  paymentMethod: { provider: "stripe", sealedToken: `sealed(${token})` },
});
async function charge(order: Payable, token = "pm_card_visa", sagaId: string = order.orderId) {
  const message = service.message("payment.charge", order.orderId, sagaId);
  await chargeOrder(service.deps, command(order, token), message);
  return message;
}
async function undo(order: Payable, sagaId: string = order.orderId) {
  await undoAs(order, sagaId);
}
async function undoAs(order: Payable, sagaId: string, paymentId?: string) {
  const message = service.message("payment.void", order.orderId, sagaId);
  await voidPayment(service.deps, { orderId: order.orderId, reason: "test", paymentId }, message);
}
/** The sagas that were told, in order. */
const sagasTold = async (order: Payable) => {
  const rows = await service.sql`
    select body->>'type' as type, body->>'sagaid' as saga from outbox where subject = ${order.orderId} order by seq`;
  return rows.map((row) => `${row.type} ${row.saga}`);
};
const paymentOf = async (order: Payable) => {
  const [payment] = await service.deps.store.byOrder(order.orderId);
  if (!payment) throw new Error("no payment");
  return payment;
};
const ledgerOf = async (order: Payable) =>
  (await service.sandbox.ledger((await paymentOf(order)).id)).map((entry) => `${entry.type} ${entry.amount}`);
const callsOf = async (order: Payable) =>
  (
    await service.sql`select t.call, t.outcome from transaction t join payment p on p.id = t.payment_id where p.order_id = ${order.orderId} order by seq`
  ).map((row) => `${row.call} ${row.outcome}`);

describe("a charge", () => {
  test("takes the money once, in two calls, and forgets the token", async () => {
    const order = service.newOrder();
    await charge(order);
    expect(await paymentOf(order)).toMatchObject({ status: "completed", sealedToken: undefined, leaseId: undefined });
    expect(await ledgerOf(order)).toEqual(["charge 1999"]);
    expect(await callsOf(order)).toEqual(["create answered", "confirm answered"]);
    expect(await service.told(order.orderId)).toEqual(["payment.processed"]);
  });
  test("that is declined holds nothing and says why", async () => {
    const order = service.newOrder();
    await charge(order, "pm_card_chargeDeclinedInsufficientFunds");
    expect(await paymentOf(order)).toMatchObject({
      status: "failed",
      failureCode: "payment.declined.insufficient_funds",
    });
    expect(await ledgerOf(order)).toEqual([]);
    expect(await service.told(order.orderId)).toEqual(["payment.failed"]);
  });
  test("with a method the provider does not know fails", async () => {
    const order = service.newOrder();
    await charge(order, "pm_nobody");
    expect(await paymentOf(order)).toMatchObject({ status: "failed", failureCode: "payment.method_unknown" });
  });
  test("of less than the provider takes fails, instead of being tried for ever", async () => {
    const order = service.newOrder({ amount: { amount: 10, currency: "USD" } });
    await charge(order);
    expect(await paymentOf(order)).toMatchObject({ status: "failed", failureCode: "payment.refused.amount_too_small" });
    expect(await service.told(order.orderId)).toEqual(["payment.failed"]);
  });
  test("that the customer would have to confirm ends, without money", async () => {
    const order = service.newOrder();
    await charge(order, "pm_card_authenticationRequired");
    expect(await paymentOf(order)).toMatchObject({ status: "failed", failureCode: "payment.authentication_required" });
    expect(await ledgerOf(order)).toEqual([]);
  });
  test("by an unknown provider fails", async () => {
    const order = service.newOrder();
    const message = service.message("payment.charge", order.orderId, order.orderId);
    const strange = { orderId: order.orderId, paymentMethod: { provider: "shells", sealedToken: "x" } };
    await chargeOrder(service.deps, strange, message);
    expect(await paymentOf(order)).toMatchObject({ status: "failed", failureCode: "payment.provider_unknown" });
  });
  test("for an order that may not be charged is refused without a call", async () => {
    const order = service.newOrder({ payable: false });
    await charge(order);
    expect(await paymentOf(order)).toMatchObject({ status: "failed", failureCode: "payment.order_not_payable" });
    expect(await callsOf(order)).toEqual([]);
    expect(await service.told(order.orderId)).toEqual(["payment.failed"]);
  });
});

describe("the same charge again", () => {
  test("as the same message: the stored reply, nothing else", async () => {
    const order = service.newOrder();
    const message = await charge(order);
    await chargeOrder(service.deps, command(order, "pm_card_visa"), message);
    expect(await ledgerOf(order)).toEqual(["charge 1999"]);
    expect(await service.told(order.orderId)).toEqual(["payment.processed"]);
  });
  test("as another message of the saga: told again, charged once", async () => {
    const order = service.newOrder();
    await charge(order);
    await charge(order);
    expect(await ledgerOf(order)).toEqual(["charge 1999"]);
    expect(await service.told(order.orderId)).toEqual(["payment.processed", "payment.processed"]);
  });
  // Often, because what can go wrong is two inserts meeting in one index before they meet in the other.
  test("ten at once, fifty times: charged once each", async () => {
    for (let round = 0; round < 50; round++) {
      const order = service.newOrder();
      await Promise.all(Array.from({ length: 10 }, () => charge(order)));
      await service.letTimePass();
      await resumePayments(service.deps);
      expect(await ledgerOf(order)).toEqual(["charge 1999"]);
      expect((await paymentOf(order)).status).toBe("completed");
    }
  });
  test("by another saga, while the first one's payment lives, is an error and charges nothing", async () => {
    const order = service.newOrder();
    await charge(order);
    await expect(charge(order, "pm_card_visa", Bun.randomUUIDv7())).rejects.toThrow("live payment of another saga");
    expect(await ledgerOf(order)).toEqual(["charge 1999"]);
  });
});

describe("an answer that never came", () => {
  test.each(["payment_intents.create", "payment_intents.confirm"])(
    "after %s acted: found out, charged once",
    async (operation) => {
      const order = service.newOrder();
      await service.sandbox.fault(operation, "drop_answer_after_acting");
      await charge(order);
      expect(await paymentOf(order)).toMatchObject({ status: "pending", attempts: 1 });
      expect(await service.told(order.orderId)).toEqual([]);
      await service.letTimePass();
      await resumePayments(service.deps);
      expect((await paymentOf(order)).status).toBe("completed");
      expect(await ledgerOf(order)).toEqual(["charge 1999"]);
      expect(await service.told(order.orderId)).toEqual(["payment.processed"]);
    },
  );
  test("is not asked for again before its pause is over, however often the command comes", async () => {
    const order = service.newOrder();
    await service.sandbox.fault("payment_intents.create", "drop_answer_after_acting");
    await charge(order);
    await charge(order);
    await charge(order);
    expect(await callsOf(order)).toEqual(["create unknown"]);
  });
  test.each(["payment_intents.create", "payment_intents.confirm"])(
    "a 500 of %s, which Stripe would answer again under the same key: tried anew, charged once",
    async (operation) => {
      const order = service.newOrder();
      await service.sandbox.fault(operation, "error_500");
      await charge(order);
      expect((await paymentOf(order)).status).toBe("pending");
      for (let sweep = 0; sweep < 3; sweep++) {
        await service.letTimePass();
        await resumePayments(service.deps);
      }
      expect((await paymentOf(order)).status).toBe("completed");
      expect(await ledgerOf(order)).toEqual(["charge 1999"]);
    },
  );
});

describe("a process that died holding the lease", () => {
  test("is waited for, then the sweep carries on by asking first", async () => {
    const order = service.newOrder();
    const { payment } = await service.deps.store.open({
      id: Bun.randomUUIDv7(),
      orderId: order.orderId,
      userId: order.userId,
      sagaId: order.orderId,
      provider: "stripe",
      amount: order.amount,
      status: "pending",
      desired: "captured",
      observed: "nothing",
      sealedToken: "sealed(pm_card_visa)",
    });
    await charge(order);
    expect(await callsOf(order)).toEqual([]);
    await service.letTimePass();
    await resumePayments(service.deps);
    expect((await paymentOf(order)).status).toBe("completed");
    // The dead one may still be alive: what it saves with its old lease is refused.
    const late = { payment: { ...payment, status: "failed" as const }, drafts: [] };
    expect(await service.deps.store.save(payment, late)).toBeUndefined();
    expect((await paymentOf(order)).status).toBe("completed");
  });
});

describe("a void", () => {
  test("after the charge gives the money back, once", async () => {
    const order = service.newOrder();
    await charge(order);
    await undo(order);
    await undo(order);
    expect(await ledgerOf(order)).toEqual(["charge 1999", "refund 1999"]);
    expect((await paymentOf(order)).status).toBe("voided");
    expect(await service.told(order.orderId)).toEqual([
      "payment.processed",
      "payment.refunded",
      "payment.voided",
      "payment.voided",
    ]);
  });
  test("before the charge leaves a stone on which the late charge fails", async () => {
    const order = service.newOrder();
    await undo(order);
    await charge(order);
    expect((await paymentOf(order)).status).toBe("voided");
    expect(await ledgerOf(order)).toEqual([]);
    expect(await service.told(order.orderId)).toEqual(["payment.voided", "payment.voided"]);
  });
  test("of a declined charge has nothing to give back", async () => {
    const order = service.newOrder();
    await charge(order, "pm_card_chargeDeclined");
    await undo(order);
    expect(await service.told(order.orderId)).toEqual(["payment.failed", "payment.voided"]);
  });
  test.each(["payment_intents.create", "payment_intents.confirm"])(
    "while the answer of %s is missing: no money is kept",
    async (operation) => {
      const order = service.newOrder();
      await service.sandbox.fault(operation, "drop_answer_after_acting");
      await charge(order);
      await undo(order);
      await service.letTimePass();
      await resumePayments(service.deps);
      expect((await paymentOf(order)).status).toBe("voided");
      const ledger = await ledgerOf(order);
      expect(ledger.filter((line) => line.startsWith("charge"))).toHaveLength(
        ledger.filter((line) => line.startsWith("refund")).length,
      );
      // What was charged by then went back, and that is told; what was not, is not.
      const told = ledger.length > 0 ? ["payment.refunded", "payment.voided"] : ["payment.voided"];
      expect(await service.told(order.orderId)).toEqual(told);
    },
  );
});

describe("a refund is told as a fact of its own", () => {
  const refundsTold = async (order: Payable) => {
    const rows = await service.sql`
      select body from outbox where subject = ${order.orderId} and body->>'type' = 'payment.refunded'`;
    return rows.map(({ body }) => body);
  };

  test("with what went back, to whom, and a number that the provider knows too", async () => {
    const order = service.newOrder();
    await charge(order);
    await undo(order);
    const { id: paymentId } = await paymentOf(order);
    const [told, ...more] = await refundsTold(order);
    const { orderId, userId, amount } = order;
    const refundId = Bun.randomUUIDv5("refund", paymentId);
    const data = { paymentId, orderId, userId, amount, provider: "stripe", refundId, refunded: amount };
    expect(told).toMatchObject({ source: "/services/payment", data });
    expect(told.sagaid).toBeUndefined();
    expect(more).toEqual([]);
    const refunds = (await service.sandbox.ledger(paymentId)).filter((entry) => entry.type === "refund");
    expect(refunds.map((entry) => entry.metadata.refundId)).toEqual([refundId]);
  });
  test("once, of ten voids at once, a message that comes twice, and sweeps between them", async () => {
    for (let round = 0; round < 10; round++) {
      const order = service.newOrder();
      await charge(order);
      const message = service.message("payment.void", order.orderId, order.orderId);
      const again = () => voidPayment(service.deps, { orderId: order.orderId, reason: "test" }, message);
      await Promise.all([...Array.from({ length: 9 }, () => undo(order)), again(), resumePayments(service.deps)]);
      await again();
      await service.letTimePass();
      await resumePayments(service.deps);
      expect(await refundsTold(order)).toHaveLength(1);
      expect(await ledgerOf(order)).toEqual(["charge 1999", "refund 1999"]);
    }
  });
  test("once, where the process died after the provider had given the money back", async () => {
    const order = service.newOrder();
    await charge(order);
    await service.sandbox.fault("refunds.create", "drop_answer_after_acting");
    await undo(order);
    expect(await refundsTold(order)).toEqual([]);
    await service.letTimePass();
    await Promise.all([resumePayments(service.deps), resumePayments(service.deps)]);
    expect(await refundsTold(order)).toHaveLength(1);
  });
  test("never, where nothing had been captured", async () => {
    const [declined, never] = [service.newOrder(), service.newOrder()];
    await charge(declined, "pm_card_chargeDeclined");
    for (const order of [declined, never]) {
      await undo(order);
      expect(await refundsTold(order)).toEqual([]);
    }
  });
});

describe("a void by another saga than the charge's", () => {
  const [placing, cancelling] = [Bun.randomUUIDv7(), Bun.randomUUIDv7()];
  const charged = async () => {
    const order = service.newOrder();
    const saga = Bun.randomUUIDv7();
    await charge(order, "pm_card_visa", saga);
    return { order, saga, paymentId: (await paymentOf(order)).id };
  };

  test("finds the payment by its id, gives the money back once, and tells the one that asked", async () => {
    const { order, saga, paymentId } = await charged();
    await undoAs(order, cancelling, paymentId);
    await undoAs(order, cancelling, paymentId);
    expect(await ledgerOf(order)).toEqual(["charge 1999", "refund 1999"]);
    expect(await service.deps.store.byOrder(order.orderId)).toHaveLength(1);
    expect(await sagasTold(order)).toEqual([
      `payment.processed ${saga}`,
      "payment.refunded null",
      `payment.voided ${cancelling}`,
      `payment.voided ${cancelling}`,
    ]);
  });
  test("is told by the sweep, too, where the provider's answer was lost", async () => {
    const { order, saga, paymentId } = await charged();
    await service.sandbox.fault("refunds.create", "drop_answer_after_acting");
    await undoAs(order, cancelling, paymentId);
    await service.letTimePass();
    await resumePayments(service.deps);
    expect(await ledgerOf(order)).toEqual(["charge 1999", "refund 1999"]);
    expect(await sagasTold(order)).toEqual([
      `payment.processed ${saga}`,
      "payment.refunded null",
      `payment.voided ${cancelling}`,
    ]);
  });
  test("of a payment that is not the order's is refused, not taken for one without money", async () => {
    const [{ order, saga }, other] = [await charged(), await charged()];
    await expect(undoAs(order, placing, other.paymentId)).rejects.toThrow("has no payment");
    await expect(undoAs(order, placing, Bun.randomUUIDv7())).rejects.toThrow("has no payment");
    expect(await sagasTold(order)).toEqual([`payment.processed ${saga}`]);
  });
});
