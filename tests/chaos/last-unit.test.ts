import { afterAll } from "bun:test";
import { expectStatus } from "../../deploy/local/clients/json-request";
import { openAudit } from "../support/audit";
import { scaled, scoreboardCheck } from "../support/score";
import { type Customer, loginAsAdmin, newCustomer, placeOrder } from "../support/shop";
import { api } from "../support/stack";

const audit = openAudit();
afterAll(() => audit.close());

const concurrency = 200;

/** Creates a product with one unit in stock. */
async function createSingleUnit({ token }: { token: string }): Promise<string> {
  const id = Bun.randomUUIDv7();
  const product = { name: "The last one", description: "", price: { amount: 4999, currency: "USD" } };
  expectStatus(await api.request("PUT", `/products/${id}`, { token, body: product }), 201);
  const stock = { quantity: 1, reason: "received" };
  expectStatus(await api.request("POST", `/products/${id}/stock`, { token, body: stock }), 200);
  return id;
}

/** All buyers order the product at the same time. @returns the accepted orders, which are settled later, and the refusals */
async function orderConcurrently(customers: Customer[], productId: string) {
  const buyers = Array.from({ length: concurrency }, (_, n) => customers[n % customers.length] as Customer);
  const responses = await Promise.all(
    buyers.map((buyer) => placeOrder(buyer, [{ productId, quantity: 1 }], { idempotencyKey: crypto.randomUUID() })),
  );
  const accepted = responses.filter(({ status }) => status === 201).map(({ body }) => body.id);
  const refusals = responses.filter(({ status }) => status !== 201).map(({ status, body }) => `${status} ${body.code}`);
  return { accepted, refusals };
}

scoreboardCheck([14], 15 * 60_000, async () => {
  const admin = await loginAsAdmin();
  // 200 buyers share 20 accounts: hashing 200 passwords would take longer than the check itself.
  const customers = await Promise.all(Array.from({ length: 20 }, newCustomer));
  const rounds = scaled(100);
  const problems: string[] = [];
  let sales = 0;
  let rejections = 0;
  for (let round = 0; round < rounds; round++) {
    const productId = await createSingleUnit(admin);
    const { accepted, refusals } = await orderConcurrently(customers, productId);
    problems.push(...(await audit.awaitSagaEnds(accepted, 60_000)).unfinished);
    const orders = await audit.orders.find({ _id: { $in: accepted } }).toArray();
    const sold = orders.filter(({ status }) => status === "confirmed");
    const unsold = orders.filter(({ status }) => status !== "confirmed");
    const reasons = [...refusals, ...unsold.map(({ cancelReason }) => String(cancelReason))];
    const unexpected = reasons.filter((reason) => !/^(409 order|inventory)\.out_of_stock$/.test(reason));
    if (sold.length !== 1) problems.push(`round ${round}: sold ${sold.length} times`);
    if (unexpected.length > 0) problems.push(`round ${round}: ${[...new Set(unexpected)].join(", ")}`);
    if (round % 10 === 0) problems.push(...(await audit.remainingDifferences(accepted)));
    sales += sold.length;
    rejections += reasons.length;
  }
  problems.push(...(await audit.productDifferences()));
  return [{ figure: `${rounds} rounds: ${sales} sales, ${rejections} rejected as out of stock`, problems }];
});
