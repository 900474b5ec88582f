import { afterAll, beforeAll, expect, test } from "bun:test";
import { type TestPostgres, testPostgres } from "@shop/kit/testing/stores";
import { migrate, migrations } from "./migrate";
import { catalogue, productIdOf } from "./store/seed-products";

let database: TestPostgres;
beforeAll(async () => {
  database = await testPostgres("inventory", migrations);
});
afterAll(() => database.drop());

test("seeding again adds what is missing and resets nothing", async () => {
  const env = { INVENTORY_MIGRATION_URL: database.url, APP_ENV: "dev" };
  const { sql } = database;
  await Promise.all([migrate(env, ["--seed"]), migrate(env, ["--seed"])]);
  await sql`update product set on_hand = 1, price_amount = 7 where id = ${productIdOf(1)}`;
  await migrate(env, ["--seed"]);
  expect(await sql`select on_hand, price_amount from product where id = ${productIdOf(1)}`).toMatchObject([
    { on_hand: 1, price_amount: "7" },
  ]);
  const counts = await sql<{ products: number; moved: number }[]>`
    select (select count(*)::int from product) as products, (select sum(delta)::int from stock_movement) as moved`;
  const moved = catalogue.reduce((sum, entry) => sum + entry.stock, 0);
  expect([...counts]).toEqual([{ products: catalogue.length, moved }]);
});

test("seed data never gets into production", async () => {
  const env = { INVENTORY_MIGRATION_URL: database.url };
  await expect(migrate(env, ["--seed"])).rejects.toThrow("--seed is refused");
  await expect(migrate({ ...env, APP_ENV: "production" }, ["--seed"])).rejects.toThrow("--seed is refused");
});

test("a migration says what is missing", async () => {
  await expect(migrate({}, [])).rejects.toThrow("INVENTORY_MIGRATION_URL");
});
