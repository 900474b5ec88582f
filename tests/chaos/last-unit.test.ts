import { afterAll } from "bun:test";
import { openBooks } from "../support/audit";
import { scored, size } from "../support/score";
import { type Customer, call, cards, newCustomer, placeOrder, theAdmin } from "../support/shop";

const books = openBooks();
afterAll(() => books.close());

const buyersAtOnce = 200;

/** A product of which there is one. */
async function oneOfAKind(admin: { token: string }): Promise<string> {
  const id = Bun.randomUUIDv7();
  const body = { name: "The last one", description: "", price: { amount: 4999, currency: "USD" } };
  const made = await call("PUT", `/products/${id}`, { token: admin.token, body });
  const stock = { quantity: 1, reason: "received" };
  const booked = await call("POST", `/products/${id}/stock`, { token: admin.token, body: stock });
  if (made.status !== 201 || booked.status !== 200) throw new Error(`no product: ${made.status} ${booked.status}`);
  return id;
}

/** Everybody wants it. @returns who was told what at once; accepted orders are decided a moment later */
async function rush(buyers: Customer[], productId: string) {
  const wishes = Array.from({ length: buyersAtOnce }, (_, n) => buyers[n % buyers.length] as Customer);
  const answers = await Promise.all(
    wishes.map((buyer) =>
      placeOrder(buyer, [{ productId, quantity: 1 }], cards.good, { "idempotency-key": crypto.randomUUID() }),
    ),
  );
  const accepted = answers.filter(({ status }) => status === 201).map(({ body }) => body.id);
  const refused = answers.filter(({ status }) => status !== 201).map(({ status, body }) => `${status} ${body.code}`);
  return { accepted, refused };
}

scored([14], 15 * 60_000, async () => {
  const admin = await theAdmin();
  // 200 at once are from 20 accounts: hashing 200 passwords would take longer than all the rest.
  const buyers = await Promise.all(Array.from({ length: 20 }, newCustomer));
  const rounds = size(100);
  const problems: string[] = [];
  let sales = 0;
  let rejections = 0;
  for (let round = 0; round < rounds; round++) {
    const productId = await oneOfAKind(admin);
    const { accepted, refused } = await rush(buyers, productId);
    problems.push(...(await books.sagasOpen(accepted, 60_000)).open);
    const docs = await books.orders.find({ _id: { $in: accepted } }).toArray();
    const sold = docs.filter(({ status }) => status === "confirmed");
    const why = [...refused, ...docs.filter((doc) => !sold.includes(doc)).map((doc) => String(doc.cancelReason))];
    const unclear = why.filter((reason) => !/^(409 order|inventory)\.out_of_stock$/.test(reason));
    if (sold.length !== 1) problems.push(`round ${round}: sold ${sold.length} times`);
    if (unclear.length > 0) problems.push(`round ${round}: ${[...new Set(unclear)].join(", ")}`);
    if (round % 10 === 0) problems.push(...(await books.problemsThatStay(accepted)));
    sales += sold.length;
    rejections += why.length;
  }
  problems.push(...(await books.stockProblems()).map((row) => JSON.stringify(row)));
  return [{ figure: `${rounds} rounds: ${sales} sales, ${rejections} told that it is out of stock`, problems }];
});
