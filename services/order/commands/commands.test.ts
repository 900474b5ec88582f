import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Message } from "@shop/kit/messages";
import { advance } from "@shop/kit/saga";
import { eventually } from "@shop/kit/testing/eventually";
import type { StoredOrder } from "../deps";
import { placeOrder as placeOrderSaga } from "../sagas/place-order";
import { lamp, type TestOrders, testOrders } from "../testing/order-service";
import { type PlaceOrder, placeOrder } from "./place-order";

let service: TestOrders;
beforeAll(async () => {
  service = await testOrders();
});
afterAll(() => service.close());

const anOrder = (over: Partial<PlaceOrder> = {}): PlaceOrder => ({
  userId: service.newUser(),
  items: [{ productId: lamp.id, quantity: 1 }],
  paymentMethod: { provider: "stripe", token: "pm_card_visa" },
  ...over,
});
const placed = async (over: Partial<PlaceOrder> = {}) => (await placeOrder(service.deps, anOrder(over))).order;
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => "nothing thrown",
    (error) => error.code,
  );
const paidFor = ({ saga, order }: StoredOrder) => ({
  kind: "message" as const,
  message: { type: "payment.processed", sagaid: saga.id, data: { orderId: order.id, paymentId: "p" } } as Message,
});
const document = (id: string) => service.orders.findOne({ _id: id });

describe("placing an order", () => {
  test("stores it with its first messages in one document, the token sealed", async () => {
    const order = await placed();
    const doc = await document(order.id);
    expect(doc).toMatchObject({
      status: "pending",
      version: 1,
      saga: { step: "stock" },
      paymentMethod: { sealedToken: "sealed(pm_card_visa)" },
    });
    expect(doc?.history.filter((entry) => !entry.note).map((entry) => entry.type)).toEqual([
      "order.created",
      "inventory.reserve",
    ]);
  });
  test("is refused for an account that is gone", async () => {
    expect(await codeOf(placeOrder(service.deps, anOrder({ userId: Bun.randomUUIDv7() })))).toBe("order.user_unknown");
  });
});

describe("one idempotency key", () => {
  test("a hundred at once make one order", async () => {
    const command = anOrder({ idempotencyKey: "once" });
    const answers = await Promise.all(Array.from({ length: 100 }, () => placeOrder(service.deps, command)));
    expect(new Set(answers.map(({ order }) => order.id)).size).toBe(1);
    expect(await service.orders.countDocuments({ userId: command.userId })).toBe(1);
  });
  test("another request under it is refused", async () => {
    const command = anOrder({ idempotencyKey: "other" });
    await placeOrder(service.deps, command);
    const other = { ...command, items: [{ productId: lamp.id, quantity: 2 }] };
    expect(await codeOf(placeOrder(service.deps, other))).toBe("idempotency.key_reused");
  });
  test("another user may use the same", async () => {
    const first = await placed({ idempotencyKey: "shared" });
    expect((await placed({ idempotencyKey: "shared" })).id).not.toBe(first.id);
  });
});

describe("an order's saga", () => {
  test("ends confirmed, in four writes at most, with nothing left to send", async () => {
    const { id } = await placed();
    await service.answer(id, "inventory.updated", { change: "reserved" });
    await service.answer(id, "payment.processed", { paymentId: Bun.randomUUIDv7() });
    const doc = await eventually(async () => {
      const now = await document(id);
      return now?.wakeAt === undefined ? now : undefined;
    });
    expect(doc).toMatchObject({
      status: "confirmed",
      saga: { status: "completed" },
      paymentMethod: { provider: "stripe" },
    });
    expect(doc.paymentMethod.sealedToken).toBeUndefined();
    expect(JSON.stringify(doc)).not.toContain("sealed(");
    // Insert, two answers, and one write that notes the last message as sent.
    expect(doc.version).toBe(3);
    expect(doc.sentSeq).toBe(doc.lastSeq);
  });
  test("takes the same answer twice as once", async () => {
    const { id } = await placed();
    await service.answer(id, "inventory.updated", { change: "reserved" });
    await service.answer(id, "inventory.updated", { change: "reserved" });
    expect((await document(id))?.version).toBe(2);
  });
  test("takes answers that come at the same time one after the other", async () => {
    const { id } = await placed();
    await Promise.all(Array.from({ length: 8 }, () => service.answer(id, "inventory.updated", { change: "reserved" })));
    const doc = await document(id);
    expect(doc?.history.filter((entry) => entry.type === "payment.charge")).toHaveLength(1);
  });
  test("takes an answer to what another process wrote meanwhile", async () => {
    const { id } = await placed();
    await service.answer(id, "inventory.updated", { change: "reserved" });
    const ours = service.deps.store.recent(id);
    const next = ours && advance(placeOrderSaga, ours.order, ours.saga, paidFor(ours));
    // Another process writes, and ours does not know.
    if (!next || !ours) throw new Error("the order is there");
    await service.orders.updateOne({ _id: id }, { $inc: { version: 1 } });
    expect(await service.deps.store.commit(ours, next, "answer")).toBeUndefined();
    await service.answer(id, "payment.processed", { paymentId: Bun.randomUUIDv7() });
    expect((await document(id))?.status).toBe("confirmed");
  });
  test("ignores an answer about an order that does not exist", async () => {
    await service.answer(Bun.randomUUIDv7(), "payment.processed", { paymentId: Bun.randomUUIDv7() });
  });
});

describe("the sweep", () => {
  test("publishes what its writer could not", async () => {
    const { id } = await placed();
    // As after a crash between commit and publish.
    await service.orders.updateOne({ _id: id }, { $set: { wakeAt: new Date(0) } });
    const doc = await eventually(async () => {
      const now = await document(id);
      return now?.sentSeq === 3 ? now : undefined;
    });
    expect(doc.unsentSince).toBeUndefined();
  });
  test("asks again when no answer comes, and keeps looking", async () => {
    const { id } = await placed();
    await service.orders.updateOne({ _id: id }, { $set: { sentSeq: 3, updatedAt: new Date(0), wakeAt: new Date(0) } });
    await eventually(async () => ((await document(id))?.wakeAt?.getTime() ?? 0) > Date.now());
    expect((await document(id))?.saga.status).toBe("running");
  });
});
