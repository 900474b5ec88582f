import { afterAll, beforeAll, expect, test } from "bun:test";
import { type TestPayments, testPayments } from "../testing/payment-service";
import { retentionRules } from "./retention";

let service: TestPayments;
beforeAll(async () => {
  service = await testPayments();
});
afterAll(() => service.close());

/** Inserts a payment of that age, with one call to the provider. */
async function aPayment(daysAgo: number, options: { status?: string; isDue?: boolean } = {}): Promise<string> {
  const id = Bun.randomUUIDv7("hex", Date.now() - daysAgo * 86_400_000);
  const orderId = crypto.randomUUID();
  await service.sql`
    insert into payment (id, order_id, user_id, saga_id, provider, amount, currency, status, desired, observed,
      next_attempt_at, updated_at)
    values (${id}, ${orderId}, ${orderId}, ${orderId}, 'stripe', 1999, 'USD', ${options.status ?? "completed"}, 'captured',
      'succeeded', ${options.isDue ? new Date(Date.now() + 3_600_000) : null},
      now() - make_interval(secs => ${daysAgo * 86_400}))`;
  await service.sql`
    insert into transaction (payment_id, call, idempotency_key, outcome, detail, latency_ms)
    values (${id}, 'create', ${id}, 'answered', 'created', 5)`;
  return id;
}

test("payments are kept for ever by default", () => {
  expect(retentionRules(service.sql, {})).toEqual([]);
});

test("old ended payments are removed in batches with their calls; pending and due ones are kept", async () => {
  for (const days of [130, 120, 110]) await aPayment(days, { status: days === 120 ? "voided" : "completed" });
  const kept = [
    await aPayment(150, { status: "pending" }),
    await aPayment(140, { isDue: true }),
    await aPayment(99),
  ].toSorted();
  const [rule] = retentionRules(service.sql, { paymentDays: 100 });
  expect(await rule?.removeBatch(2)).toEqual({ removed: 2, isDone: false });
  expect(await rule?.removeBatch(2)).toEqual({ removed: 1, isDone: true });
  const left = await service.sql<{ id: string }[]>`select id from payment order by id`;
  expect(left.map((row) => row.id)).toEqual(kept);
  const calls = await service.sql<{ id: string }[]>`select payment_id as id from transaction order by 1`;
  expect(calls.map((row) => row.id)).toEqual(kept);
});
