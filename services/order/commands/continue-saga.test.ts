import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Message } from "@shop/kit/messaging/envelope";
import { advance } from "@shop/kit/saga/engine";
import type { StoredOrder } from "../deps";
import { placeOrder as placeOrderSaga } from "../sagas/place-order";
import { type TestOrders, testOrders } from "../testing/order-service";

let service: TestOrders;
beforeAll(async () => {
  service = await testOrders();
});
afterAll(() => service.close());

const paymentProcessed = ({ saga, order }: StoredOrder) => ({
  kind: "message" as const,
  message: { type: "payment.processed", sagaid: saga.id, data: { orderId: order.id, paymentId: "p" } } as Message,
});

describe("the saga of a placed order", () => {
  test("confirms it with four writes at most, and leaves nothing to send", async () => {
    const { id } = await service.placed();
    await service.reply(id, "inventory.updated", { change: "reserved" });
    await service.reply(id, "payment.processed", { paymentId: Bun.randomUUIDv7() });
    const doc = await service.documentAtRest(id);
    expect(doc).toMatchObject({
      status: "confirmed",
      saga: { status: "completed" },
      paymentMethod: { provider: "stripe" },
    });
    expect(doc.paymentMethod).not.toHaveProperty("sealedToken");
    expect(JSON.stringify(doc)).not.toContain("sealed(");
    // The insert and two replies. The fourth write, which records the last message as sent, does not change the version.
    expect(doc.version).toBe(3);
    expect(doc.sentSeq).toBe(doc.lastSeq);
  });
  test("ignores a duplicate reply", async () => {
    const { id } = await service.placed();
    await service.reply(id, "inventory.updated", { change: "reserved" });
    await service.reply(id, "inventory.updated", { change: "reserved" });
    expect((await service.document(id))?.version).toBe(2);
  });
  test("advances once when eight duplicates arrive at the same time", async () => {
    const { id } = await service.placed();
    const replies = Array.from({ length: 8 }, () => service.reply(id, "inventory.updated", { change: "reserved" }));
    await Promise.all(replies);
    const doc = await service.document(id);
    expect(doc?.history.filter((entry) => entry.type === "payment.charge")).toHaveLength(1);
  });
  test("continues from what another process wrote in the meantime", async () => {
    const { id } = await service.placed();
    await service.reply(id, "inventory.updated", { change: "reserved" });
    const recent = service.deps.store.findRecent(id);
    const next = recent && advance(placeOrderSaga, recent.order, recent.saga, paymentProcessed(recent));
    if (!next || !recent) throw new Error("the order must be among the recent ones");
    // Another process writes the order, and this process does not know it.
    await service.orders.updateOne({ _id: id }, { $inc: { version: 1 } });
    expect(await service.deps.store.commit(recent, next, "reply")).toBeUndefined();
    await service.reply(id, "payment.processed", { paymentId: Bun.randomUUIDv7() });
    expect((await service.document(id))?.status).toBe("confirmed");
  });
});

test("an event for an unknown order is ignored", async () => {
  const orderId = Bun.randomUUIDv7();
  await service.reply(orderId, "payment.processed", { paymentId: Bun.randomUUIDv7() });
  expect(await service.document(orderId)).toBeNull();
});
