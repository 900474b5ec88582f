import { afterAll, describe, expect, test } from "bun:test";
import { openBooks } from "../support/audit";
import { eventually } from "../support/eventually";
import { insist, killedAmong } from "../support/kill";
import { type Customer, call, cards, type OrderView, pay, readOrder } from "../support/shop";

const books = openBooks();
afterAll(() => books.close());

const key = () => ({ "idempotency-key": crypto.randomUUID() });

/** Orders, and pays a moment later: every fifth with a card that is declined; every fourth changes their mind meanwhile. */
async function orderAndPay(buyer: Customer, productId: string, n: number): Promise<string> {
  const { token } = buyer;
  const headers = key();
  const body = { items: [{ productId, quantity: 1 }] };
  const placed = await insist(() => call<OrderView>("POST", "/orders", { token, body, headers }));
  expect(placed.status).toBe(201);
  const { id } = placed.body;
  await eventually(async () => (await readOrder(buyer, id)).status === "awaiting_payment", 60_000);
  const [card, paying] = [n % 5 === 4 ? cards.declined : cards.good, key()];
  const payment = insist(() => pay(buyer, id, { card, headers: paying }));
  if (n % 4 === 3) {
    await Bun.sleep((n % 12) * 20);
    expect((await insist(() => call("DELETE", `/orders/${id}`, { token }))).status).toBe(202);
  }
  // A wish to cancel may have come first.
  expect([201, 202, ...(n % 4 === 3 ? [409] : [])]).toContain((await payment).status);
  return id;
}

const endOf = (n: number) => (n % 4 === 3 || n % 5 === 4 ? "cancelled" : "confirmed");

describe("kill -9 in the middle of paying later loses nothing, charges nobody twice and keeps the stock exact", () => {
  test.each(["order-0", "payment-0", "inventory-0"])(
    "%s",
    (process) => killedAmong(process, books, { of: orderAndPay, endOf }),
    180_000,
  );
});
