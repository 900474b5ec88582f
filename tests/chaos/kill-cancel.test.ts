import { afterAll, describe, expect, test } from "bun:test";
import { openBooks } from "../support/audit";
import { insist, killedAmong } from "../support/kill";
import { type Customer, call, placeOrder } from "../support/shop";

const books = openBooks();
afterAll(() => books.close());

/** Places an order, and cancels it a while later, from at once to long after it is confirmed. */
async function orderAndCancel(buyer: Customer, productId: string, n: number): Promise<string> {
  const headers = { "idempotency-key": crypto.randomUUID() };
  const placed = await insist(() => placeOrder(buyer, [{ productId, quantity: 1 }], undefined, headers));
  expect(placed.status).toBe(201);
  const { id } = placed.body;
  await Bun.sleep((n % 12) * 15);
  expect((await insist(() => call("DELETE", `/orders/${id}`, { token: buyer.token }))).status).toBe(202);
  return id;
}

describe("kill -9 in the middle of cancelling keeps nobody's money and nobody's goods", () => {
  test.each(["order-0", "inventory-0", "payment-0"])(
    "%s",
    (process) => killedAmong(process, books, { of: orderAndCancel, endOf: () => "cancelled" }),
    180_000,
  );
});
