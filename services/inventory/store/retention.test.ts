import { afterAll, beforeAll, expect, test } from "bun:test";
import { type TestShop, testShop } from "../testing/inventory-service";
import { retentionRules } from "./retention";

let shop: TestShop;
beforeAll(async () => {
  shop = await testShop();
});
afterAll(() => shop.close());

const idAt = (daysAgo: number) => Bun.randomUUIDv7("hex", Date.now() - daysAgo * 86_400_000);
const heldBy = async () =>
  (await shop.sql<{ order_id: string }[]>`select distinct order_id from reservation order by 1`).map(
    (it) => it.order_id,
  );

/** An order of so many days ago, with a hold in that state. */
async function anOrder(daysAgo: number, end?: "commit" | "release"): Promise<string> {
  const orderId = idAt(daysAgo);
  await shop.reserve({ orderId, items: [{ productId: await shop.aProduct(5), quantity: 1 }] });
  if (end) await shop[end](orderId);
  await shop.sql`
    update reservation set updated_at = now() - make_interval(secs => ${daysAgo * 86_400}) where order_id = ${orderId}`;
  return orderId;
}

async function apply(o: { soldDays?: number }, limit = 100) {
  for (const rule of retentionRules(shop.sql, o)) while (!(await rule.removeSome(limit)).isDone);
}

test("what was released a month ago is forgotten; what is held, or was sold, never is", async () => {
  const released = await anOrder(30.1, "release");
  const staying = [await anOrder(400), await anOrder(390, "commit"), await anOrder(29.9, "release")];
  expect(await heldBy()).toContain(released);
  await apply({}, 1);
  expect(await heldBy()).toEqual(staying);
  expect(await shop.wrongCounters()).toHaveLength(0);
});

test("what was sold is forgotten when told so; its movements stay, and the counters are right", async () => {
  await shop.sql`delete from reservation`;
  const before = await shop.sql`select count(*)::int as n from stock_movement`;
  const sold = [await anOrder(101, "commit"), await anOrder(102, "commit")];
  const staying = [await anOrder(120), await anOrder(99, "commit")];
  await apply({ soldDays: 100 }, 1);
  const left = await heldBy();
  expect(left).toEqual(staying);
  for (const id of sold) expect(left).not.toContain(id);
  const after = await shop.sql`select count(*)::int as n from stock_movement`;
  expect(after[0]?.n).toBeGreaterThan(before[0]?.n);
});

test("a tombstone is forgotten after a month", async () => {
  const [old, young] = [idAt(31), idAt(29)];
  for (const orderId of [old, young]) await shop.release(orderId);
  await shop.sql`update released_first set created_at = now() - interval '30 days 1 hour' where order_id = ${old}`;
  await apply({});
  const rows = await shop.sql<{ order_id: string }[]>`select order_id from released_first`;
  expect(rows.map((row) => row.order_id)).toEqual([young]);
});
