import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { testClock } from "@shop/kit/testing/clock";
import { type TestOrders, testOrders } from "../testing/order-service";
import type { OrderDocument } from "./documents";
import { historyOf, itemsOf } from "./read-models";
import { retentionRules } from "./retention";

let service: TestOrders;
beforeAll(async () => {
  service = await testOrders();
});
afterAll(() => service.close());
beforeEach(async () => {
  await service.orders.deleteMany({});
  await historyOf(service.db).deleteMany({});
  await itemsOf(service.db).deleteMany({});
  await service.db.collection("retention").deleteMany({});
});

const clock = testClock(new Date("2026-06-01T00:00:00Z"));
const daysAgo = (days: number) => new Date(clock.now().getTime() - days * 86_400_000);
const idAt = (time: Date) => Bun.randomUUIDv7("hex", time.getTime());

async function stored(days: number, over: Partial<OrderDocument> = {}): Promise<string> {
  const _id = idAt(daysAgo(days));
  const made = {
    _id,
    items: [{ productId: "p", quantity: 1 }],
    status: "delivered",
    saga: { status: "completed" },
    updatedAt: daysAgo(days),
    ...over,
  };
  await service.orders.insertOne(made as OrderDocument);
  await historyOf(service.db).insertOne({ _id: `${_id}/000001`, to: 1, entries: [] });
  await itemsOf(service.db).insertOne({ _id: `p/${_id}`, userId: "u", quantity: 1 });
  return _id;
}
const keyed = (days: number) => stored(days, { idempotency: { scope: crypto.randomUUID(), hash: "h" } });
const rule = (what: string, orderDays?: number) => {
  const found = retentionRules({ db: service.db, clock, orderDays }).find((it) => it.what === what);
  if (!found) throw new Error(`no rule ${what}`);
  return found;
};
const left = async () => (await service.orders.find().sort({ _id: 1 }).toArray()).map((doc) => doc._id);
const withKey = async () =>
  (await service.orders.find({ "idempotency.scope": { $exists: true } }).toArray()).map((doc) => doc._id);

test("an idempotency key is dropped after two days, its order stays", async () => {
  const [old, none, young] = [await keyed(2.01), await stored(5), await keyed(1.99)];
  expect(await rule("order.idempotency").removeSome(10)).toEqual({ removed: 1, isDone: true });
  expect(await withKey()).toEqual([young]);
  expect(await left()).toEqual([none, old, young]);
});

test("each order is looked at once, a portion at a time, by however many", async () => {
  for (const days of [9, 8, 7, 6, 5]) await keyed(days);
  const { removeSome } = rule("order.idempotency");
  expect(await removeSome(2)).toEqual({ removed: 2, isDone: false });
  const together = await Promise.all([removeSome(2), removeSome(2), removeSome(2)]);
  const last = await removeSome(100);
  expect(last.isDone).toBe(true);
  expect([...together, last].reduce((sum, { removed }) => sum + removed, 0)).toBe(3);
  expect(await withKey()).toEqual([]);
  expect(await removeSome(2)).toEqual({ removed: 0, isDone: true });
});

test("orders are kept for ever, unless told otherwise", () => {
  expect(retentionRules({ db: service.db, clock }).map(({ what }) => what)).toEqual(["order.idempotency"]);
});

test("orders that nothing happened to for so long are removed, those under way, parked or lately changed are not", async () => {
  await stored(101);
  await stored(102, { status: "cancelled", saga: { status: "compensated" } as OrderDocument["saga"] });
  const staying = [
    await stored(105, { wakeAt: daysAgo(105) }),
    await stored(104, { saga: { status: "running", stuck: "order.timed_out" } as OrderDocument["saga"] }),
    await stored(103, { updatedAt: daysAgo(1) }),
    await stored(99),
  ];
  expect(await rule("order.orders", 100).removeSome(10)).toEqual({ removed: 2, isDone: true });
  expect(await left()).toEqual(staying);
});

test("old orders are removed in portions, the oldest first", async () => {
  const ids = [await stored(300), await stored(200), await stored(150)];
  expect(await rule("order.orders", 100).removeSome(2)).toEqual({ removed: 2, isDone: false });
  expect(await left()).toEqual(ids.slice(2));
  const history = await historyOf(service.db).find().toArray();
  const items = await itemsOf(service.db).find().toArray();
  expect([...history, ...items].map(({ _id }) => _id)).toEqual([`${ids[2]}/000001`, `p/${ids[2]}`]);
});
