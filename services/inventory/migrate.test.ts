import { afterAll, beforeAll, expect, test } from "bun:test";
import { type TestPostgres, testPostgres } from "@shop/kit/testing/stores";
import { migrate, migrations } from "./migrate";
import { seedProductId, seedProducts } from "./store/seed-products";

let database: TestPostgres;
beforeAll(async () => {
  database = await testPostgres("inventory", migrations);
});
afterAll(() => database.drop());

test("repeated seeding adds missing products and changes no existing one", async () => {
  const env = { INVENTORY_MIGRATION_URL: database.url, APP_ENV: "dev" };
  const { sql } = database;
  await Promise.all([migrate(env, true), migrate(env, true)]);
  await sql`update product set on_hand = 1, price_amount = 7 where id = ${seedProductId(1)}`;
  await migrate(env, true);
  expect(await sql`select on_hand, price_amount from product where id = ${seedProductId(1)}`).toMatchObject([
    { on_hand: 1, price_amount: "7" },
  ]);
  const counts = await sql<{ products: number; moved: number }[]>`
    select (select count(*)::int from product) as products, (select sum(delta)::int from stock_movement) as moved`;
  const moved = seedProducts.reduce((sum, entry) => sum + entry.stock, 0);
  expect([...counts]).toEqual([{ products: seedProducts.length, moved }]);
});

test("seeding is refused in production", async () => {
  const env = { INVENTORY_MIGRATION_URL: database.url };
  await expect(migrate(env, true)).rejects.toThrow("--seed is refused");
  await expect(migrate({ ...env, APP_ENV: "production" }, true)).rejects.toThrow("--seed is refused");
});

test("a migration without a database URL names the missing variable", async () => {
  await expect(migrate({}, false)).rejects.toThrow("INVENTORY_MIGRATION_URL");
});
