import { afterAll, beforeAll, expect, test } from "bun:test";
import { type TestInventoryService, testInventoryService } from "../testing/inventory-service";
import { retentionRules } from "./retention";

let service: TestInventoryService;
beforeAll(async () => {
  service = await testInventoryService();
});
afterAll(() => service.close());

const idAt = (daysAgo: number) => Bun.randomUUIDv7("hex", Date.now() - daysAgo * 86_400_000);
const ordersWithHolds = async () =>
  (await service.sql<{ order_id: string }[]>`select distinct order_id from reservation order by 1`).map(
    (row) => row.order_id,
  );

/** An order that was placed and last changed `daysAgo`, with a hold. `end` says how the hold ended, if it did. */
async function anOrder(daysAgo: number, end?: "commit" | "release"): Promise<string> {
  const orderId = idAt(daysAgo);
  await service.reserve({ orderId, items: [{ productId: await service.aProduct(5), quantity: 1 }] });
  if (end) await service[end](orderId);
  await service.sql`
    update reservation set updated_at = now() - make_interval(secs => ${daysAgo * 86_400}) where order_id = ${orderId}`;
  return orderId;
}

async function apply(o: { soldDays?: number }, limit = 100) {
  for (const rule of retentionRules(service.sql, o)) while (!(await rule.removeBatch(limit)).isDone);
}

test("released holds are removed after 30 days; live and sold holds are kept", async () => {
  const released = await anOrder(30.1, "release");
  const staying = [await anOrder(400), await anOrder(390, "commit"), await anOrder(29.9, "release")];
  expect(await ordersWithHolds()).toContain(released);
  await apply({}, 1);
  expect(await ordersWithHolds()).toEqual(staying);
  expect(await service.findInconsistentProducts()).toHaveLength(0);
});

test("sold holds are removed after soldDays; their movements are kept", async () => {
  await service.sql`delete from reservation`;
  const before = await service.sql`select count(*)::int as n from stock_movement`;
  const sold = [await anOrder(101, "commit"), await anOrder(102, "commit")];
  const staying = [await anOrder(120), await anOrder(99, "commit")];
  await apply({ soldDays: 100 }, 1);
  const left = await ordersWithHolds();
  expect(left).toEqual(staying);
  for (const id of sold) expect(left).not.toContain(id);
  const after = await service.sql`select count(*)::int as n from stock_movement`;
  expect(after[0]?.n).toBeGreaterThan(before[0]?.n);
});

test("tombstones are removed after 30 days", async () => {
  const [old, young] = [idAt(31), idAt(29)];
  for (const orderId of [old, young]) await service.release(orderId);
  await service.sql`update released_first set created_at = now() - interval '30 days 1 hour' where order_id = ${old}`;
  await apply({});
  const rows = await service.sql<{ order_id: string }[]>`select order_id from released_first`;
  expect(rows.map((row) => row.order_id)).toEqual([young]);
});
