import { afterAll, describe, expect, test } from "bun:test";
import { openBooks } from "../support/books";
import { eventually } from "../support/eventually";
import { placeMany } from "../support/load";
import { stack } from "../support/stack";

const books = openBooks();
afterAll(() => books.close());

/** Runs 200 orders and kills a process once a part of them is in. */
async function ordersWithKill(process: string): Promise<string[]> {
  const before = stack.pid(process);
  let killed: Promise<void> | undefined;
  const ids = await placeMany(200, 16, (placed) => {
    if (placed >= 60) killed ??= stack.kill(process);
  });
  await killed;
  await eventually(() => stack.pid(process) !== undefined && stack.pid(process) !== before, 30_000);
  return ids;
}

describe("kill -9 in the middle of 200 orders loses nothing, charges nobody twice and keeps the stock exact", () => {
  test.each(["order-0", "inventory-0", "payment-0", "notification-0", "user-0", "envoy"])(
    "%s",
    async (process) => {
      const ids = await ordersWithKill(process);
      expect(new Set(ids).size).toBe(200);
      await books.balance(ids);
      expect(await books.stockProblems()).toEqual([]);
    },
    180_000,
  );
});
