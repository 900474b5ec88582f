import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { testClock } from "@shop/kit/testing/clock";
import { type TestOrders, testOrders } from "../testing/order-service";
import type { OrderDocument } from "./documents";
import { historyCollection, itemsCollection } from "./read-models";
import { retentionRules } from "./retention";

let service: TestOrders;
beforeAll(async () => {
  service = await testOrders();
});
afterAll(() => service.close());
beforeEach(async () => {
  await service.orders.deleteMany({});
  await historyCollection(service.db).deleteMany({});
  await itemsCollection(service.db).deleteMany({});
  await service.db.collection("retention").deleteMany({});
});

const clock = testClock(new Date("2026-06-01T00:00:00Z"));
const daysAgo = (days: number) => new Date(clock.now().getTime() - days * 86_400_000);
const idAt = (time: Date) => Bun.randomUUIDv7("hex", time.getTime());

async function stored(days: number, over: Partial<OrderDocument> = {}): Promise<string> {
  const _id = idAt(daysAgo(days));
  const order = {
    _id,
    items: [{ productId: "p", quantity: 1 }],
    status: "delivered",
    saga: { status: "completed" },
    updatedAt: daysAgo(days),
    ...over,
  };
  await service.orders.insertOne(order as OrderDocument);
  await historyCollection(service.db).insertOne({ _id: `${_id}/000001`, to: 1, entries: [] });
  await itemsCollection(service.db).insertOne({ _id: `p/${_id}`, userId: "u", quantity: 1 });
  return _id;
}
const storedWithKey = (days: number) => stored(days, { idempotency: { scope: crypto.randomUUID(), hash: "h" } });
const rule = (name: string, orderDays?: number) => {
  const found = retentionRules({ db: service.db, clock, orderDays }).find((each) => each.name === name);
  if (!found) throw new Error(`no rule ${name}`);
  return found;
};
const orderIds = async () => (await service.orders.find().sort({ _id: 1 }).toArray()).map((doc) => doc._id);
const idsWithKey = async () =>
  (await service.orders.find({ "idempotency.scope": { $exists: true } }).toArray()).map((doc) => doc._id);

test("an idempotency key is removed after two days; its order stays", async () => {
  const [old, withoutKey, recent] = [await storedWithKey(2.01), await stored(5), await storedWithKey(1.99)];
  expect(await rule("order.idempotency").removeBatch(10)).toEqual({ removed: 1, isDone: true });
  expect(await idsWithKey()).toEqual([recent]);
  expect(await orderIds()).toEqual([withoutKey, old, recent]);
});

test("each order is read once, in batches, also by several processes at the same time", async () => {
  for (const days of [9, 8, 7, 6, 5]) await storedWithKey(days);
  const { removeBatch } = rule("order.idempotency");
  expect(await removeBatch(2)).toEqual({ removed: 2, isDone: false });
  const concurrent = await Promise.all([removeBatch(2), removeBatch(2), removeBatch(2)]);
  const last = await removeBatch(100);
  expect(last.isDone).toBe(true);
  expect([...concurrent, last].reduce((sum, { removed }) => sum + removed, 0)).toBe(3);
  expect(await idsWithKey()).toEqual([]);
  expect(await removeBatch(2)).toEqual({ removed: 0, isDone: true });
});

test("orders are kept for ever unless a retention time is configured", () => {
  expect(retentionRules({ db: service.db, clock }).map(({ name }) => name)).toEqual(["order.idempotency"]);
});

test("old orders are removed in any status; orders in progress, parked or recently changed are kept", async () => {
  await stored(101);
  await stored(102, { status: "cancelled", saga: { status: "compensated" } as OrderDocument["saga"] });
  const kept = [
    await stored(105, { wakeAt: daysAgo(105) }),
    await stored(104, { saga: { status: "running", stuck: "order.timed_out" } as OrderDocument["saga"] }),
    await stored(103, { updatedAt: daysAgo(1) }),
    await stored(99),
  ];
  expect(await rule("order.orders", 100).removeBatch(10)).toEqual({ removed: 2, isDone: true });
  expect(await orderIds()).toEqual(kept);
});

test("old orders are removed in batches, oldest first, with their history and items", async () => {
  const ids = [await stored(300), await stored(200), await stored(150)];
  expect(await rule("order.orders", 100).removeBatch(2)).toEqual({ removed: 2, isDone: false });
  expect(await orderIds()).toEqual(ids.slice(2));
  const history = await historyCollection(service.db).find().toArray();
  const items = await itemsCollection(service.db).find().toArray();
  expect([...history, ...items].map(({ _id }) => _id)).toEqual([`${ids[2]}/000001`, `p/${ids[2]}`]);
});
