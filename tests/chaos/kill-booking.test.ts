import { afterAll, expect, test } from "bun:test";
import { openAudit } from "../support/audit";
import { eventually } from "../support/eventually";
import { killAndAwaitRestart } from "../support/kill";
import { loginAsAdmin, productInStock, readProduct } from "../support/shop";
import { api } from "../support/stack";

const audit = openAudit();
afterAll(() => audit.close());

test("inventory killed while units are added to the stock applies each request once, in spite of retries", async () => {
  const { token } = await loginAsAdmin();
  const { id, available } = await productInStock();
  let restart: Promise<void> | undefined;
  let added = 0;

  const addUnits = async (quantity: number) => {
    const idempotencyKey = crypto.randomUUID();
    const body = { quantity, reason: "received" };
    const send = () =>
      api.request("POST", `/products/${id}/stock`, { token, body, idempotencyKey }).catch(() => undefined);
    await eventually(async () => {
      // The client sends the next attempt without waiting for the first one.
      const responses = await Promise.all([send(), send()]);
      for (const response of responses) if (response) expect([200, 409, 502, 503, 504]).toContain(response.status);
      return responses.some((response) => response?.status === 200);
    }, 60_000);
    if (++added >= 60) restart ??= killAndAwaitRestart("inventory-0");
  };
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      for (let n = 1; n <= 25; n++) await addUnits(n);
    }),
  );
  await restart;
  expect(added).toBe(200);
  expect((await readProduct(id)).available).toBe(available + 8 * ((25 * 26) / 2));
  expect(await audit.productDifferences()).toEqual([]);
}, 180_000);
