import { afterAll } from "bun:test";
import { openAudit } from "../support/audit";
import { loadLedger } from "../support/audit/ledger";
import { scaled, scoreboardCheck } from "../support/score";
import { newCustomer, placeOrder, productInStock } from "../support/shop";

const audit = openAudit();
afterAll(() => audit.close());

const concurrency = 100;

scoreboardCheck([9], 10 * 60_000, async () => {
  const customer = await newCustomer();
  const { id: productId } = await productInStock();
  const rounds = scaled(100);
  const problems: string[] = [];
  const ids: string[] = [];
  for (let round = 0; round < rounds; round++) {
    const idempotencyKey = crypto.randomUUID();
    const place = (quantity: number) => placeOrder(customer, [{ productId, quantity }], { idempotencyKey });
    const responses = await Promise.all(Array.from({ length: concurrency }, () => place(1)));
    const distinct = new Set(responses.map(({ status, body }) => `${status} ${body.id ?? body.code}`));
    const otherBody = await place(2);
    if (distinct.size !== 1 || responses[0]?.status !== 201)
      problems.push(`round ${round}: ${[...distinct].join(", ")}`);
    if (otherBody.status !== 422 || otherBody.body.code !== "idempotency.key_reused")
      problems.push(`round ${round}: another body with the same key: ${otherBody.status} ${otherBody.body.code}`);
    if (responses[0]) ids.push(responses[0].body.id);
  }
  problems.push(...(await audit.remainingDifferences(ids)));
  const duplicates = await audit.unacknowledgedOrders([customer.id], ids);
  problems.push(...duplicates.map((id) => `${id}: placed a second time`));
  const { charges } = await loadLedger();
  const chargeCount = ids.reduce((total, id) => total + (charges.get(id)?.length ?? 0), 0);
  return [
    {
      figure: `${rounds} keys, ${rounds * concurrency} requests: ${ids.length} orders, ${chargeCount} charges`,
      problems,
    },
  ];
});
