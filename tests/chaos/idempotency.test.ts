import { afterAll } from "bun:test";
import { openBooks, readLedger } from "../support/audit";
import { scored, size } from "../support/score";
import { cards, newCustomer, placeOrder, plentiful } from "../support/shop";

const books = openBooks();
afterAll(() => books.close());

const atOnce = 100;

scored([9], 10 * 60_000, async () => {
  const buyer = await newCustomer();
  const { id: productId } = await plentiful();
  const rounds = size(100);
  const problems: string[] = [];
  const ids: string[] = [];
  for (let round = 0; round < rounds; round++) {
    const key = { "idempotency-key": crypto.randomUUID() };
    const place = (quantity: number) => placeOrder(buyer, [{ productId, quantity }], cards.good, key);
    const answers = await Promise.all(Array.from({ length: atOnce }, () => place(1)));
    const seen = new Set(answers.map(({ status, body }) => `${status} ${body.id ?? body.code}`));
    const other = await place(2);
    if (seen.size !== 1 || answers[0]?.status !== 201) problems.push(`round ${round}: ${[...seen].join(", ")}`);
    if (other.status !== 422 || other.body.code !== "idempotency.key_reused")
      problems.push(`round ${round}: the other body: ${other.status} ${other.body.code}`);
    if (answers[0]) ids.push(answers[0].body.id);
  }
  problems.push(...(await books.problemsThatStay(ids)));
  problems.push(...(await books.unknownOrders([buyer.id], ids)).map((id) => `${id}: placed a second time`));
  const { charges } = await readLedger();
  const effects = ids.reduce((sum, id) => sum + (charges.get(id)?.length ?? 0), 0);
  return [
    { figure: `${rounds} keys, ${rounds * atOnce} requests: ${ids.length} orders, ${effects} charges`, problems },
  ];
});
