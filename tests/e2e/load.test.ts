import { afterAll, expect, test } from "bun:test";
import { createClient } from "redis";
import { queueNames } from "../../services/_contracts/services";
import { openAudit } from "../support/audit";
import { loadLedger, sum } from "../support/audit/ledger";
import { eventually } from "../support/eventually";
import { awaitSettled, newCustomer, placeOrder, productInStock } from "../support/shop";
import { newShoppers } from "../support/shoppers";
import { stack } from "../support/stack";

const audit = openAudit();
afterAll(() => audit.close());

/** The number of transactions committed in each participant's database. PostgreSQL reports it about a second late. */
async function countCommits(): Promise<Record<string, number>> {
  const rows = await audit.payments<{ name: string; commits: string }[]>`
    select datname as name, xact_commit as commits from pg_stat_database
    where datname in ('payments', 'inventory', 'notifications')`;
  return Object.fromEntries(rows.map((row) => [row.name, Number(row.commits)]));
}

test("200 orders placed 32 at a time are settled, with exact stock and a ledger that equals the payments", async () => {
  const before = await countCommits();
  const ids = await (await newShoppers()).placeOrders(200, 32);
  expect(new Set(ids).size).toBe(200);
  await audit.expectConsistent(ids);
  expect(await audit.productDifferences()).toEqual([]);
  const { charges } = await loadLedger();
  const [row] = await audit.payments<{ total: string }[]>`
    select sum(amount) as total from payment where status = 'completed' and order_id = any(${ids}::uuid[])`;
  expect(sum(ids.flatMap((id) => charges.get(id) ?? []))).toBe(Number(row?.total));
  // The budget is 3 commits per order in each database. The count also includes idle sweeps and the audit's own reads.
  const after = await countCommits();
  for (const [name, count] of Object.entries(after)) expect((count - (before[name] ?? 0)) / 200).toBeLessThan(3.5);
});

test("a confirmed order needs at most 7 jobs and 4 writes of its document", async () => {
  const customer = await newCustomer();
  const { id: productId } = await productInStock();
  const redis = await createClient({ url: stack.adminUrls.redis }).connect();
  /** BullMQ counts the jobs ever added to a queue in its key `id`. */
  const countJobs = async () => {
    const counts = await Promise.all(queueNames.map((queue) => redis.get(`bull:${queue}:id`)));
    return counts.reduce((total, count) => total + Number(count ?? 0), 0);
  };
  const before = await countJobs();
  const placed = await placeOrder(customer, [{ productId, quantity: 1 }]);
  const { id } = await awaitSettled(customer, placed.body.id);
  const order = await eventually(async () => {
    const stored = await audit.orders.findOne({ _id: id });
    return stored && stored.sentSeq === stored.lastSeq ? stored : undefined;
  });
  // One insert, one write for each of the two replies, and one write that records the last message as sent. The last
  // one does not change the version.
  expect(order.version + 1).toBeLessThanOrEqual(4);
  await eventually(async () => (await countJobs()) - before >= 6);
  // The order needs 6 jobs. The customer's welcome mail is one more if it is added after the first count.
  expect((await countJobs()) - before).toBeLessThanOrEqual(7);
  await redis.close();
});
