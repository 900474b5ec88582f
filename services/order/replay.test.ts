import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { eventually } from "@shop/kit/testing/eventually";
import { setStatus } from "./commands/set-status";
import type { OrderStatus } from "./domain/order";
import { main, rebuildItems, replay } from "./replay";
import { historyMax } from "./store/document-versions";
import type { OrderDocument } from "./store/documents";
import { historyCollection, idsBelow, itemsCollection, joinParts, orderReadModels } from "./store/read-models";
import { lamp, rug, type TestOrders, testOrders } from "./testing/order-service";

let service: TestOrders;
beforeAll(async () => {
  service = await testOrders();
});
afterAll(() => service.close());

const document = async (id: string) => (await service.orders.findOne({ _id: id })) as OrderDocument;
const untilProjected = (id: string) =>
  eventually(async () => {
    const doc = await document(id);
    return doc.projectedSeq === doc.lastSeq;
  });
async function confirmed(items = [{ productId: lamp.id, quantity: 2 }]): Promise<string> {
  const order = await service.placed({ items });
  await service.confirm(order.id);
  await untilProjected(order.id);
  return order.id;
}

describe("the read models", () => {
  test("have an order's whole history and its products once its saga has ended, and then each later change", async () => {
    const id = await confirmed([
      { productId: lamp.id, quantity: 2 },
      { productId: rug.id, quantity: 1 },
    ]);
    const first = await document(id);
    const parts = () =>
      historyCollection(service.db)
        .find({ _id: idsBelow(id) })
        .sort({ _id: 1 })
        .toArray();
    expect((await parts()).flatMap((part) => part.entries)).toEqual(first.history);
    await setStatus(service.deps, { orderId: id, status: "shipped" });
    await untilProjected(id);
    expect((await parts()).map((part) => part.to)).toEqual([first.lastSeq, first.lastSeq + 1]);
    const items = await itemsCollection(service.db)
      .find({ _id: { $in: [`${lamp.id}/${id}`, `${rug.id}/${id}`] } })
      .toArray();
    expect(items.map((item) => item.quantity).sort()).toEqual([1, 2]);
  });
  test("are the same after repeated and concurrent writes; a shorter part never replaces a longer one", async () => {
    const id = await confirmed();
    const doc = { ...(await document(id)), projectedSeq: 0 };
    const readModels = orderReadModels(service.db);
    const shorter = { ...doc, history: doc.history.slice(0, 2), lastSeq: 2 };
    await Promise.all([readModels.project([doc]), readModels.project([shorter]), readModels.project([doc])]);
    const parts = () =>
      historyCollection(service.db)
        .find({ _id: idsBelow(id) })
        .sort({ _id: 1 })
        .toArray();
    expect(await parts()).toHaveLength(1);
    expect((await parts())[0]?.entries).toHaveLength(doc.lastSeq);
    // A writer that knows of a first part with three entries writes the rest as a second part. The two parts overlap.
    await readModels.project([{ ...doc, projectedSeq: 3 }]);
    expect(await parts()).toHaveLength(2);
    expect(joinParts(await parts())).toEqual(doc.history);
    expect((await replay(service.db, { only: [id] })).differences).toEqual([]);
  });
});

describe("a replay", () => {
  test("of a shipped and a cancelled order finds no differences", async () => {
    const shipped = await confirmed();
    await setStatus(service.deps, { orderId: shipped, status: "shipped", reason: "on its way" });
    const { id: cancelled } = await service.placed({ paymentMethod: undefined });
    await service.reply(cancelled, "inventory.updated", { change: "rejected", code: "inventory.out_of_stock" });
    await Promise.all([shipped, cancelled].map(untilProjected));
    const found = await replay(service.db);
    expect(found.differences).toEqual([]);
    expect(found.orders).toBeGreaterThanOrEqual(2);
    expect(found.inProgress).toBe(0);
  });
  test("distinguishes an order in progress from an order whose history is lost", async () => {
    const order = await service.placed();
    expect(await replay(service.db, { only: [order.id] })).toEqual({ orders: 1, differences: [], inProgress: 1 });
    const id = await confirmed();
    await historyCollection(service.db).deleteMany({ _id: idsBelow(id) });
    const { differences } = await replay(service.db, { only: [id] });
    expect(differences.join()).toContain("the history ends at entry 0");
  });
  test("finds a change that was made by hand", async () => {
    const id = await confirmed();
    await service.orders.updateOne({ _id: id }, { $set: { status: "delivered" as OrderStatus } });
    expect((await replay(service.db, { only: [id] })).differences.join()).toContain('status is "delivered"');
  });
  test("rebuilds order_items from the histories", async () => {
    const id = await confirmed([{ productId: rug.id, quantity: 3 }]);
    const before = await itemsCollection(service.db).countDocuments();
    await itemsCollection(service.db).deleteMany({});
    expect(await rebuildItems(service.db)).toBe(before - 1); // the order whose history was lost above
    expect(await itemsCollection(service.db).findOne({ _id: `${rug.id}/${id}` })).toMatchObject({ quantity: 3 });
  });
  test("run from the command line exits with 1 if there are differences", async () => {
    // The order whose history was lost above differs.
    expect(await main(service.mongoUrl, ["--rebuild"])).toBe(1);
    await service.orders.deleteMany({});
    expect(await main(service.mongoUrl, [])).toBe(0);
  });
});

test("a long history is cut in the document and complete in the timeline", async () => {
  const id = await confirmed();
  const doc = await document(id);
  const entry = doc.history[0] as OrderDocument["history"][0];
  const more = Array.from({ length: historyMax }, (_, index) => ({
    ...entry,
    type: "test",
    seq: doc.lastSeq + index + 1,
  }));
  const lastSeq = doc.lastSeq + more.length;
  await service.orders.updateOne(
    { _id: id },
    { $push: { history: { $each: more } }, $set: { lastSeq, sentSeq: lastSeq } },
  );
  // The read model does not have these entries yet, so nothing is cut.
  const before = (await service.deps.store.load(id))?.timeline;
  expect(before).toHaveLength(lastSeq);
  await orderReadModels(service.db).project([await document(id)]);
  await service.orders.updateOne({ _id: id }, { $set: { projectedSeq: lastSeq } });
  await setStatus(service.deps, { orderId: id, status: "shipped" });
  const cut = await document(id);
  expect(cut.history).toHaveLength(historyMax / 2 + 1);
  const timeline = (await service.deps.store.load(id))?.timeline ?? [];
  expect(timeline.map(({ seq }) => seq)).toEqual(Array.from({ length: lastSeq + 1 }, (_, index) => index + 1));
});
