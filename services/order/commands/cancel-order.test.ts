import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { errorCode } from "@shop/kit/testing/error-code";
import type { OrderDocument } from "../store/documents";
import { type TestOrders, testOrders } from "../testing/order-service";
import { cancelOrder } from "./cancel-order";
import { setStatus } from "./set-status";

let service: TestOrders;
beforeAll(async () => {
  service = await testOrders();
});
afterAll(() => service.close());

const cancel = async (order: { id: string; userId: string }) => {
  const owner = { id: order.userId, permissions: [], expiresAt: 0 };
  return (await cancelOrder(service.deps, owner, order.id)).order;
};
const entriesOfType = (doc: OrderDocument | null, type: string) =>
  doc?.history.filter((entry) => entry.type === type) ?? [];

describe("a cancellation request", () => {
  test("for an order in progress is stored, and compensates when the charge's reply comes", async () => {
    const order = await service.placed();
    await service.reply(order.id, "inventory.updated", { change: "reserved" });
    expect(await cancel(order)).toMatchObject({ status: "pending", cancelRequested: expect.any(Date) });
    await service.reply(order.id, "payment.processed", { paymentId: Bun.randomUUIDv7() });
    expect((await service.document(order.id))?.saga).toMatchObject({ status: "compensating", step: "funds" });
    await service.reply(order.id, "payment.voided", { paymentId: Bun.randomUUIDv7() });
    await service.reply(order.id, "inventory.updated", { change: "released" });
    const doc = await service.document(order.id);
    expect(doc).toMatchObject({
      status: "cancelled",
      cancelReason: "order.cancel_requested",
      payment: { status: "voided" },
      paymentMethod: { provider: "stripe" },
    });
    expect(entriesOfType(doc, "order.confirmed")).toEqual([]);
    expect(JSON.stringify(doc)).not.toContain("sealed(");
  });
  test("for a confirmed order starts a saga that voids the payment by its id", async () => {
    const order = await service.placed();
    await service.confirm(order.id);
    const before = await service.document(order.id);
    expect((await cancel(order)).status).toBe("cancelling");
    const doc = await service.document(order.id);
    expect(doc?.saga).toMatchObject({ name: "cancel-order", step: "give_back" });
    expect(doc?.saga.id).not.toBe(before?.saga.id);
    expect(entriesOfType(doc, "payment.void")[0]).toMatchObject({
      sagaid: doc?.saga.id,
      data: { orderId: order.id, paymentId: before?.payment?.id },
    });
    await service.reply(order.id, "payment.voided", { paymentId: before?.payment?.id });
    await service.reply(order.id, "inventory.updated", { change: "released" });
    const end = await service.documentAtRest(order.id);
    expect(end).toMatchObject({ status: "cancelled", saga: { status: "completed" }, payment: { status: "voided" } });
    expect(end.sentSeq).toBe(end.lastSeq);
  });
  test("sent ten times at once, and once more later, causes one write", async () => {
    for (const isConfirmed of [false, true]) {
      const order = await service.placed();
      if (isConfirmed) await service.confirm(order.id);
      const { version } = (await service.document(order.id)) as OrderDocument;
      await Promise.all(Array.from({ length: 10 }, () => cancel(order)));
      await cancel(order);
      expect((await service.document(order.id))?.version).toBe(version + 1);
    }
  });
  test("does not record earlier messages as sent", async () => {
    const order = await service.placed();
    const { sentSeq } = (await service.document(order.id)) as OrderDocument;
    await cancel(order);
    expect((await service.document(order.id))?.sentSeq).toBe(sentSeq);
  });
  test("is refused after shipping, and shipping is refused after cancellation", async () => {
    const [shipped, cancelled] = [await service.placed(), await service.placed()];
    for (const order of [shipped, cancelled]) await service.confirm(order.id);
    await setStatus(service.deps, { orderId: shipped.id, status: "shipped" });
    expect(await errorCode(cancel(shipped))).toBe("order.not_cancellable");
    await cancel(cancelled);
    expect(await errorCode(setStatus(service.deps, { orderId: cancelled.id, status: "shipped" }))).toBe(
      "order.illegal_transition",
    );
  });
});

describe("a cancellation request that races with", () => {
  test("the charge's reply takes effect, whichever is first", async () => {
    for (let round = 0; round < 10; round++) {
      const order = await service.placed();
      await service.reply(order.id, "inventory.updated", { change: "reserved" });
      await Promise.all([
        cancel(order),
        service.reply(order.id, "payment.processed", { paymentId: Bun.randomUUIDv7() }),
      ]);
      const doc = await service.document(order.id);
      // Compensated at the reply, or confirmed and then cancelled: either way the payment is voided.
      expect(entriesOfType(doc, "payment.void")).toHaveLength(1);
      expect(doc?.status).toBe(entriesOfType(doc, "order.confirmed").length === 1 ? "cancelling" : "pending");
    }
  });
  test("shipping: exactly one wins", async () => {
    for (let round = 0; round < 10; round++) {
      const order = await service.placed();
      await service.confirm(order.id);
      const codes = await Promise.all([
        errorCode(cancel(order)),
        errorCode(setStatus(service.deps, { orderId: order.id, status: "shipped" })),
      ]);
      expect(codes.filter((code) => code === "nothing thrown")).toHaveLength(1);
      expect((await service.document(order.id))?.status).toBe(codes[0] === "nothing thrown" ? "cancelling" : "shipped");
    }
  });
});
