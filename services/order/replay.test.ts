import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { eventually } from "@shop/kit/testing/eventually";
import { placeOrder } from "./commands/place-order";
import { setStatus } from "./commands/set-status";
import type { OrderStatus } from "./domain/order";
import { rebuildItems, replay } from "./replay";
import type { OrderDocument } from "./store/documents";
import { mostHistory } from "./store/orders";
import { below, entriesOf, historyOf, itemsOf, orderViews } from "./store/read-models";
import { lamp, rug, type TestOrders, testOrders } from "./testing/order-service";

let service: TestOrders;
beforeAll(async () => {
  service = await testOrders();
});
afterAll(() => service.close());

const document = async (id: string) => (await service.orders.findOne({ _id: id })) as OrderDocument;
const isProjected = (id: string) =>
  eventually(async () => {
    const doc = await document(id);
    return doc.projectedSeq === doc.lastSeq;
  });
async function confirmed(items = [{ productId: lamp.id, quantity: 2 }]): Promise<string> {
  const paymentMethod = { provider: "stripe", token: "pm_card_visa" };
  const { order } = await placeOrder(service.deps, { userId: service.newUser(), items, paymentMethod });
  await service.confirmed(order.id);
  await isProjected(order.id);
  return order.id;
}

describe("the read models", () => {
  test("have an order's whole history and its products once it has come to rest, and what comes later", async () => {
    const id = await confirmed([
      { productId: lamp.id, quantity: 2 },
      { productId: rug.id, quantity: 1 },
    ]);
    const first = await document(id);
    const parts = () =>
      historyOf(service.db)
        .find({ _id: below(id) })
        .sort({ _id: 1 })
        .toArray();
    expect((await parts()).flatMap((part) => part.entries)).toEqual(first.history);
    await setStatus(service.deps, { orderId: id, status: "shipped" });
    await isProjected(id);
    expect((await parts()).map((part) => part.to)).toEqual([first.lastSeq, first.lastSeq + 1]);
    const items = await itemsOf(service.db)
      .find({ _id: { $in: [`${lamp.id}/${id}`, `${rug.id}/${id}`] } })
      .toArray();
    expect(items.map((item) => item.quantity).sort()).toEqual([1, 2]);
  });
  test("are the same however often, and by whomever, they are written, and never lose what another wrote more of", async () => {
    const id = await confirmed();
    const doc = { ...(await document(id)), projectedSeq: 0 };
    const views = orderViews(service.db);
    const shorter = { ...doc, history: doc.history.slice(0, 2), lastSeq: 2 };
    await Promise.all([views.project([doc]), views.project([shorter]), views.project([doc])]);
    const parts = () =>
      historyOf(service.db)
        .find({ _id: below(id) })
        .sort({ _id: 1 })
        .toArray();
    expect(await parts()).toHaveLength(1);
    expect((await parts())[0]?.entries).toHaveLength(doc.lastSeq);
    // By one that knows of a first part, and by one that does not.
    await views.project([{ ...doc, projectedSeq: 3 }]);
    expect(await parts()).toHaveLength(2);
    expect(entriesOf(await parts())).toEqual(doc.history);
    expect((await replay(service.db, { only: [id] })).differences).toEqual([]);
  });
});

describe("a replay", () => {
  test("of orders of every kind finds no difference", async () => {
    const shipped = await confirmed();
    await setStatus(service.deps, { orderId: shipped, status: "shipped", reason: "on its way" });
    const refused = (
      await placeOrder(service.deps, { userId: service.newUser(), items: [{ productId: lamp.id, quantity: 1 }] })
    ).order.id;
    await service.answer(refused, "inventory.updated", { change: "rejected", code: "inventory.out_of_stock" });
    await Promise.all([shipped, refused].map(isProjected));
    const found = await replay(service.db);
    expect(found.differences).toEqual([]);
    expect(found.orders).toBeGreaterThanOrEqual(2);
    expect(found.underWay).toBe(0);
  });
  test("knows an order on its way from one whose history is lost", async () => {
    const { order } = await placeOrder(service.deps, {
      userId: service.newUser(),
      items: [{ productId: lamp.id, quantity: 1 }],
      paymentMethod: { provider: "stripe", token: "pm_card_visa" },
    });
    expect(await replay(service.db, { only: [order.id] })).toEqual({ orders: 1, differences: [], underWay: 1 });
    const id = await confirmed();
    await historyOf(service.db).deleteMany({ _id: below(id) });
    const { differences } = await replay(service.db, { only: [id] });
    expect(differences.join()).toContain("its history ends at 0");
  });
  test("finds what somebody changed by hand", async () => {
    const id = await confirmed();
    await service.orders.updateOne({ _id: id }, { $set: { status: "delivered" as OrderStatus } });
    expect((await replay(service.db, { only: [id] })).differences.join()).toContain('status is "delivered"');
  });
  test("makes order_items anew from the histories", async () => {
    const id = await confirmed([{ productId: rug.id, quantity: 3 }]);
    const before = await itemsOf(service.db).countDocuments();
    await itemsOf(service.db).deleteMany({});
    expect(await rebuildItems(service.db)).toBe(before - 1); // the order whose history was lost above
    expect(await itemsOf(service.db).findOne({ _id: `${rug.id}/${id}` })).toMatchObject({ quantity: 3 });
  });
});

test("a long history is cut in the document, and whole for whoever reads it", async () => {
  const id = await confirmed();
  const doc = await document(id);
  const entry = doc.history[0] as OrderDocument["history"][0];
  const more = Array.from({ length: mostHistory }, (_, index) => ({
    ...entry,
    type: "test",
    seq: doc.lastSeq + index + 1,
  }));
  const lastSeq = doc.lastSeq + more.length;
  await service.orders.updateOne(
    { _id: id },
    { $push: { history: { $each: more } }, $set: { lastSeq, sentSeq: lastSeq } },
  );
  // Not in the read model yet: nothing is cut.
  const before = (await service.deps.store.load(id))?.timeline;
  expect(before).toHaveLength(lastSeq);
  await orderViews(service.db).project([await document(id)]);
  await service.orders.updateOne({ _id: id }, { $set: { projectedSeq: lastSeq } });
  await setStatus(service.deps, { orderId: id, status: "shipped" });
  const cut = await document(id);
  expect(cut.history).toHaveLength(mostHistory / 2 + 1);
  const timeline = (await service.deps.store.load(id))?.timeline ?? [];
  expect(timeline.map(({ seq }) => seq)).toEqual(Array.from({ length: lastSeq + 1 }, (_, index) => index + 1));
});
