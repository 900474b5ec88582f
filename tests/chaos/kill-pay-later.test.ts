import { afterAll, describe, expect, test } from "bun:test";
import { openBooks } from "../support/books";
import { eventually } from "../support/eventually";
import { call, cards, newCustomer, type OrderView, pay, plentiful, readOrder } from "../support/shop";
import { stack } from "../support/stack";

const books = openBooks();
afterAll(() => books.close());

const count = 60;
type Customer = Awaited<ReturnType<typeof newCustomer>>;
const key = () => ({ "idempotency-key": crypto.randomUUID() });

/** As a careful client does: what is refused for now or broken is asked for again, under the same key. */
async function insist<T>(work: () => Promise<{ status: number; body: T }>): Promise<{ status: number; body: T }> {
  let answer: { status: number; body: T } | undefined;
  await eventually(async () => {
    answer = await work().catch(() => undefined);
    return answer !== undefined && answer.status < 500 && answer.status !== 429;
  }, 60_000);
  return answer as { status: number; body: T };
}

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
    async (process) => {
      const buyers = await Promise.all(Array.from({ length: 6 }, newCustomer));
      const { id: productId } = await plentiful();
      const before = stack.pid(process);
      let killed: Promise<void> | undefined;
      let done = 0;
      const ids = await Promise.all(
        buyers.map(async (buyer, worker) => {
          const mine: [string, number][] = [];
          for (let n = worker; n < count; n += buyers.length) {
            mine.push([await orderAndPay(buyer, productId, n), n]);
            if (++done >= count / 3) killed ??= stack.kill(process);
          }
          for (const [id, n] of mine)
            await eventually(async () => (await readOrder(buyer, id)).status === endOf(n), 60_000);
          return mine.map(([id]) => id);
        }),
      );
      await killed;
      await eventually(() => stack.pid(process) !== undefined && stack.pid(process) !== before, 30_000);
      await books.balance(ids.flat());
      expect(await books.stockProblems()).toEqual([]);
    },
    180_000,
  );
});
