import { afterAll } from "bun:test";
import { expectStatus } from "../../deploy/local/clients/json-request";
import { openAudit } from "../support/audit";
import { loadLedger, sum } from "../support/audit/ledger";
import { eventually } from "../support/eventually";
import { scaled, scoreboardCheck } from "../support/score";
import { newCustomer, placeOrder, productInStock } from "../support/shop";
import { api, sandbox } from "../support/stack";

const audit = openAudit();
afterAll(async () => {
  await sandbox.clearFaults();
  await audit.close();
});

/**
 * Makes half of the provider's refunds and cancellations fail. For a quarter of them the provider acts but drops the
 * response. A third of the others are answered with status 500.
 */
async function failHalfOfTheCalls(): Promise<void> {
  for (const operation of ["refunds.create", "payment_intents.cancel"]) {
    await sandbox.addFault({ operation, kind: "drop_answer_after_acting", probability: 0.25 });
    await sandbox.addFault({ operation, kind: "error_500", probability: 1 / 3 });
  }
}

/** Every other order is cancelled after it is confirmed, the others directly after they are placed. */
async function placeAndCancel({ token }: { token: string }, productId: string, n: number): Promise<string> {
  const { id } = expectStatus(await placeOrder({ token }, [{ productId, quantity: 1 }]), 201);
  if (n % 2 === 0)
    await eventually(async () => (await audit.orders.findOne({ _id: id }))?.status === "confirmed", 60_000);
  expectStatus(await api.cancelOrder(token, id), 202);
  return id;
}

scoreboardCheck([13], 20 * 60_000, async () => {
  const customer = await newCustomer();
  const { id: productId } = await productInStock();
  await failHalfOfTheCalls();
  const orders = scaled(500);
  const ids: string[] = [];
  let next = 0;
  await Promise.all(
    Array.from({ length: 10 }, async () => {
      while (next < orders) ids.push(await placeAndCancel(customer, productId, next++));
    }),
  );
  const { unfinished, tookMs } = await audit.awaitSagaEnds(ids, 15 * 60_000);
  const failures = (await sandbox.listFaults()).reduce((total, { struck }) => total + struck, 0);
  await sandbox.clearFaults();
  const problems = [...unfinished, ...(await audit.remainingDifferences(ids))];

  const { charges, refunds } = await loadLedger();
  const uncompensated = ids.filter((id) => sum(charges.get(id)) !== sum(refunds.get(id)));
  problems.push(...uncompensated.map((id) => `${id}: charged ${charges.get(id)}, refunded ${refunds.get(id)}`));
  // The payment service must record the outcome of each failed call as unknown.
  const [row] = await audit.payments<{ recorded: number }[]>`
    select count(*)::int as recorded from transaction t join payment p on p.id = t.payment_id
    where t.outcome = 'unknown' and t.call in ('refund', 'cancel') and p.order_id = any(${ids}::uuid[])`;
  if (row?.recorded !== failures) problems.push(`${failures} calls failed, but ${row?.recorded} are recorded`);
  if (failures === 0) problems.push("no call failed");
  const compensated = `${ids.length - uncompensated.length} of ${ids.length} compensated`;
  const last = `the last saga ended after ${Math.round(tookMs / 1000)} s`;
  return [{ figure: `${compensated}, ${failures} failed calls; ${last}`, problems }];
});
