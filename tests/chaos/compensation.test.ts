import { afterAll } from "bun:test";
import { openBooks, readLedger } from "../support/audit";
import { eventually } from "../support/eventually";
import { scored, size } from "../support/score";
import { call, newCustomer, placeOrder, plentiful } from "../support/shop";
import { sandboxUrl } from "../support/stack";

const books = openBooks();
afterAll(async () => {
  await clearFaults();
  await books.close();
});

type Fault = { id: number; struck: number };
const clearFaults = () => fetch(`${sandboxUrl}/control/faults`, { method: "DELETE" });

/** Half of what gives money back fails, by turns with and without having done it. */
async function failHalfTheTime(): Promise<void> {
  for (const operation of ["refunds.create", "payment_intents.cancel"])
    for (const [kind, probability] of [
      ["drop_answer_after_acting", 0.25],
      ["error_500", 1 / 3],
    ])
      await fetch(`${sandboxUrl}/control/faults`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ operation, kind, probability }),
      });
}

async function timesStruck(): Promise<number> {
  const { items } = (await (await fetch(`${sandboxUrl}/control/faults`)).json()) as { items: Fault[] };
  return items.reduce((sum, { struck }) => sum + struck, 0);
}

/** Half of the orders are cancelled once they are confirmed, the others as soon as they are placed. */
async function placeAndCancel(buyer: { token: string }, productId: string, n: number): Promise<string> {
  const { body, status } = await placeOrder(buyer, [{ productId, quantity: 1 }]);
  if (status !== 201) throw new Error(`POST /orders answered ${status} ${body.code}`);
  if (n % 2 === 0)
    await eventually(async () => (await books.orders.findOne({ _id: body.id }))?.status === "confirmed", 60_000);
  const cancelled = await call("DELETE", `/orders/${body.id}`, { token: buyer.token });
  if (cancelled.status !== 202) throw new Error(`DELETE /orders answered ${cancelled.status}`);
  return body.id;
}

scored([13], 20 * 60_000, async () => {
  const buyer = await newCustomer();
  const { id: productId } = await plentiful();
  await failHalfTheTime();
  const orders = size(500);
  const ids: string[] = [];
  let next = 0;
  await Promise.all(
    Array.from({ length: 10 }, async () => {
      while (next < orders) ids.push(await placeAndCancel(buyer, productId, next++));
    }),
  );
  const { open, tookMs } = await books.sagasOpen(ids, 15 * 60_000);
  const struck = await timesStruck();
  await clearFaults();
  const problems = [...open, ...(await books.problemsThatStay(ids))];

  const { charges, refunds } = await readLedger();
  const unpaid = ids.filter((id) => sum(charges.get(id)) !== sum(refunds.get(id)));
  problems.push(...unpaid.map((id) => `${id}: charged ${charges.get(id)}, given back ${refunds.get(id)}`));
  // Each failure is on record with the call that met it: none was taken for an answer.
  const [row] = await books.payments<{ failed: number }[]>`
    select count(*)::int as failed from transaction t join payment p on p.id = t.payment_id
    where t.outcome = 'unknown' and t.call in ('refund', 'cancel') and p.order_id = any(${ids}::uuid[])`;
  if (row?.failed !== struck) problems.push(`${struck} calls failed, ${row?.failed} are on record`);
  if (struck === 0) problems.push("nothing failed");
  return [
    {
      figure: `${ids.length - unpaid.length} of ${ids.length} compensated, ${struck} failures met; the last after ${Math.round(tookMs / 1000)} s`,
      problems,
    },
  ];
});

const sum = (amounts: number[] = []) => amounts.reduce((total, amount) => total + amount, 0);
