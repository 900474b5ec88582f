import { afterAll, describe, expect, test } from "bun:test";
import { openBooks } from "../support/books";
import { eventually } from "../support/eventually";
import { call, newCustomer, placeOrder, plentiful, readOrder } from "../support/shop";
import { stack } from "../support/stack";

const books = openBooks();
afterAll(() => books.close());

const count = 60;
type Customer = Awaited<ReturnType<typeof newCustomer>>;

/** As a careful client does: what is refused or broken is asked for again. */
async function insist(work: () => Promise<{ status: number }>, status: number): Promise<void> {
  await eventually(async () => (await work().catch(() => undefined))?.status === status, 60_000);
}

/** Places orders, and cancels each a while later, from at once to long after it is confirmed. */
async function orderAndCancel(buyer: Customer, productId: string, n: number): Promise<string> {
  const headers = { "idempotency-key": crypto.randomUUID() };
  let id = "";
  const place = async () => {
    const answer = await placeOrder(buyer, [{ productId, quantity: 1 }], undefined, headers);
    id = answer.body.id;
    return answer;
  };
  await insist(place, 201);
  await Bun.sleep((n % 12) * 15);
  await insist(() => call("DELETE", `/orders/${id}`, { token: buyer.token }), 202);
  return id;
}

describe("kill -9 in the middle of cancelling keeps nobody's money and nobody's goods", () => {
  test.each(["order-0", "inventory-0", "payment-0"])(
    "%s",
    async (process) => {
      const buyers = await Promise.all(Array.from({ length: 6 }, newCustomer));
      const { id: productId } = await plentiful();
      const before = stack.pid(process);
      let killed: Promise<void> | undefined;
      let done = 0;
      const ids = await Promise.all(
        buyers.map(async (buyer, worker) => {
          const mine: string[] = [];
          for (let n = worker; n < count; n += buyers.length) {
            mine.push(await orderAndCancel(buyer, productId, n));
            if (++done >= count / 3) killed ??= stack.kill(process);
          }
          for (const id of mine)
            await eventually(async () => (await readOrder(buyer, id)).status === "cancelled", 60_000);
          return mine;
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
