import { afterAll, expect, test } from "bun:test";
import { openBooks } from "../support/books";
import { eventually } from "../support/eventually";
import { call, plentiful, product } from "../support/shop";
import { stack } from "../support/stack";

const books = openBooks();
afterAll(() => books.close());

test("kill -9 in the middle of booking goods: each is booked once, however often its sender had to ask", async () => {
  const body = { email: "admin@shop.test", password: "admin-dev-password" };
  const { token } = (await call<{ token: string }>("POST", "/auth/login", { body })).body;
  const { id, available } = await plentiful();
  const before = stack.pid("inventory-0");
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
    if (++booked >= 60) killed ??= stack.kill("inventory-0");
  };
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      for (let n = 1; n <= 25; n++) await book(n);
    }),
  );
  await killed;
  await eventually(() => stack.pid("inventory-0") !== undefined && stack.pid("inventory-0") !== before, 30_000);
  expect(booked).toBe(200);
  expect((await product(id)).available).toBe(available + 8 * ((25 * 26) / 2));
  expect(await books.stockProblems()).toEqual([]);
}, 180_000);
