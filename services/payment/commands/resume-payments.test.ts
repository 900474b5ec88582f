import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { newPayment } from "../domain/payment";
import { type TestPayments, testPayments } from "../testing/payment-service";
import { continueSaga } from "./continue-saga";
import { resumePayments } from "./resume-payments";

let service: TestPayments;
beforeAll(async () => {
  service = await testPayments();
});
afterAll(() => service.close());

describe("after a lost response", () => {
  test.each(["payment_intents.create", "payment_intents.confirm"])(
    "to a %s that took effect, the sweep completes the payment and charges once",
    async (operation) => {
      const order = service.newOrder();
      await service.sandbox.fault(operation, "drop_answer_after_acting");
      await service.charge(order);
      expect(await service.paymentOf(order)).toMatchObject({ status: "pending", attempts: 1 });
      expect(await service.messageTypes(order.orderId)).toEqual([]);
      await service.expireLeases();
      await resumePayments(service.deps);
      expect((await service.paymentOf(order)).status).toBe("completed");
      expect(await service.ledgerLines(order)).toEqual(["charge 1999"]);
      expect(await service.messageTypes(order.orderId)).toEqual(["payment.processed"]);
    },
  );
  test("the provider is not called before the pause is over, however often the command arrives", async () => {
    const order = service.newOrder();
    await service.sandbox.fault("payment_intents.create", "drop_answer_after_acting");
    await service.charge(order);
    await service.charge(order);
    await service.charge(order);
    expect(await service.callLines(order)).toEqual(["create unknown"]);
  });
  test.each(["payment_intents.create", "payment_intents.confirm"])(
    "a 500 from %s, which Stripe stores under its key, is retried with a new key and charged once",
    async (operation) => {
      const order = service.newOrder();
      await service.sandbox.fault(operation, "error_500");
      await service.charge(order);
      expect((await service.paymentOf(order)).status).toBe("pending");
      for (let sweep = 0; sweep < 3; sweep++) {
        await service.expireLeases();
        await resumePayments(service.deps);
      }
      expect((await service.paymentOf(order)).status).toBe("completed");
      expect(await service.ledgerLines(order)).toEqual(["charge 1999"]);
    },
  );
});

describe("after a process died", () => {
  test("the sweep waits for its lease to expire, then completes the payment", async () => {
    const order = service.newOrder();
    const { orderId, userId, amount } = order;
    const sealedToken = "sealed(pm_card_visa)";
    const { payment } = await service.deps.store.open(
      newPayment({ id: Bun.randomUUIDv7(), orderId, userId, sagaId: orderId, provider: "stripe", amount, sealedToken }),
    );
    await service.charge(order);
    expect(await service.callLines(order)).toEqual([]);
    await service.expireLeases();
    await resumePayments(service.deps);
    expect((await service.paymentOf(order)).status).toBe("completed");
    // If the process is still alive, its save with the old lease is refused.
    const late = { payment: { ...payment, status: "failed" as const }, drafts: [] };
    expect(await service.deps.store.save(payment, late)).toBeUndefined();
    expect((await service.paymentOf(order)).status).toBe("completed");
  });
  test("once order had begun the payment, the sweep completes it and charges once", async () => {
    const order = service.newOrder();
    const { id, sagaId } = await service.pay(order);
    const message = service.message("order.status_changed", order.orderId, sagaId, { to: "paying" });
    const dying = {
      ...service.deps,
      gateways: {},
      store: { ...service.deps.store, save: () => Promise.reject(new Error("killed")) },
    };
    await expect(continueSaga(dying, message.data, message)).rejects.toThrow("killed");
    await continueSaga(service.deps, message.data, message);
    expect((await service.paymentOf(order)).status).toBe("pending");
    await service.expireLeases();
    await resumePayments(service.deps);
    expect(await service.paymentOf(order)).toMatchObject({ id, status: "completed" });
    expect(await service.ledgerLines(order)).toEqual(["charge 1999"]);
  });
});
