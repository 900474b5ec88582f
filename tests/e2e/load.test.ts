import { afterAll, expect, test } from "bun:test";
import { createClient } from "redis";
import { openBooks, readLedger } from "../support/audit";
import { eventually } from "../support/eventually";
import { placeMany } from "../support/load";
import { newCustomer, placeOrder, plentiful, settled } from "../support/shop";
import { stack } from "../support/stack";

const books = openBooks();
afterAll(() => books.close());

/** Transactions each participant's database has committed so far. Servers report them with a delay of about a second. */
async function commits(): Promise<Record<string, number>> {
  const rows = await books.payments<{ name: string; commits: string }[]>`
    select datname as name, xact_commit as commits from pg_stat_database
    where datname in ('payments', 'inventory', 'notifications')`;
  return Object.fromEntries(rows.map((row) => [row.name, Number(row.commits)]));
}

test("200 orders, 32 at a time: all at an end, stock exact, the provider's ledger equals the payments", async () => {
  const before = await commits();
  const ids = await placeMany(200, 32);
  expect(new Set(ids).size).toBe(200);
  await books.balance(ids);
  expect(await books.stockProblems()).toEqual([]);
  const ledger = await readLedger();
  const charged = ids.flatMap((id) => ledger.charges.get(id) ?? []).reduce((sum, amount) => sum + amount, 0);
  const [row] = await books.payments<{ total: string }[]>`
    select sum(amount) as total from payment where status = 'completed' and order_id = any(${ids}::uuid[])`;
  expect(charged).toBe(Number(row?.total));
  // The budget is 3 a participant. Sweeps that found nothing, and this audit's own reads, are in the figure too.
  const after = await commits();
  for (const [name, count] of Object.entries(after)) expect((count - (before[name] ?? 0)) / 200).toBeLessThan(3.5);
});

test("a confirmed order costs no more than its budget: 7 jobs, 4 writes of its document, 3 commits a participant", async () => {
  const customer = await newCustomer();
  const { id: productId } = await plentiful();
  const redis = await createClient({ url: stack.adminUrls.redis }).connect();
  /** How many jobs were ever added. */
  const jobs = async () => {
    const queues = ["user", "order", "payment", "inventory", "notification"];
    const counts = await Promise.all(queues.map((queue) => redis.get(`bull:${queue}:id`)));
    return counts.reduce((sum, count) => sum + Number(count ?? 0), 0);
  };
  const before = await jobs();
  const placed = await placeOrder(customer, [{ productId, quantity: 1 }]);
  const order = await settled(customer, placed.body.id);
  const doc = await eventually(async () => {
    const now = await books.orders.findOne({ _id: order.id });
    return now && now.sentSeq === now.lastSeq ? now : undefined;
  });
  // One insert, one write for each answer, one that notes the last message as sent.
  expect(doc.version + 1).toBeLessThanOrEqual(4);
  await eventually(async () => (await jobs()) - before >= 6);
  // The customer's own welcome mail may fall into the window: it is one job more, and not the order's.
  expect((await jobs()) - before).toBeLessThanOrEqual(7);
  await redis.close();
});
