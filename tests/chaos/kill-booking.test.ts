import { afterAll, expect, test } from "bun:test";
import { openBooks } from "../support/audit";
import { eventually } from "../support/eventually";
import { killAndAwait } from "../support/kill";
import { call, plentiful, product, theAdmin } from "../support/shop";

const books = openBooks();
afterAll(() => books.close());

test("kill -9 in the middle of booking goods: each is booked once, however often its sender had to ask", async () => {
  const { token } = await theAdmin();
  const { id, available } = await plentiful();
  let killed: Promise<void> | undefined;
  let booked = 0;

  const book = async (quantity: number) => {
    const headers = { "idempotency-key": crypto.randomUUID() };
    const delivery = { quantity, reason: "received" };
    const sending = () =>
      call("POST", `/products/${id}/stock`, { token, body: delivery, headers }).catch(() => undefined);
    await eventually(async () => {
      // Two at a time, as an impatient sender does.
      const answers = await Promise.all([sending(), sending()]);
      for (const answer of answers) if (answer) expect([200, 409, 502, 503, 504]).toContain(answer.status);
      return answers.some((answer) => answer?.status === 200);
    }, 60_000);
    if (++booked >= 60) killed ??= killAndAwait("inventory-0");
  };
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      for (let n = 1; n <= 25; n++) await book(n);
    }),
  );
  await killed;
  expect(booked).toBe(200);
  expect((await product(id)).available).toBe(available + 8 * ((25 * 26) / 2));
  expect(await books.stockProblems()).toEqual([]);
}, 180_000);
