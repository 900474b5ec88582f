import { afterAll, beforeAll, expect, test } from "bun:test";
import { type TestPostgres, testPostgres } from "@shop/kit/testing/stores";
import { is } from "drizzle-orm";
import { getTableConfig, PgTable } from "drizzle-orm/pg-core";
import { migrations } from "../migrate";
import * as schema from "./schema";

let database: TestPostgres;
beforeAll(async () => {
  database = await testPostgres("user", migrations);
});
afterAll(() => database.drop());

test("the migrations make what the schema says", async () => {
  const tables = Object.values(schema)
    .filter((part) => is(part, PgTable))
    .map((table) => getTableConfig(table));
  expect(tables).toHaveLength(8);
  for (const { name, columns, indexes, checks, foreignKeys } of tables) {
    const found = await database.sql<{ column: string; nullable: boolean }[]>`
      select column_name as column, is_nullable = 'YES' as nullable from information_schema.columns
      where table_schema = 'public' and table_name = ${name}`;
    const said = columns.map((column) => `${column.name} ${!column.notNull && !column.primary}`);
    expect(found.map((row) => `${row.column} ${row.nullable}`).sort()).toEqual(said.sort());
    const named = await database.sql<{ name: string }[]>`
      select indexname as name from pg_indexes where tablename = ${name}
      union all select conname from pg_constraint where conrelid = ${name}::regclass`;
    const wanted = [...indexes, ...checks].map((each) => ("config" in each ? each.config.name : each.name));
    wanted.push(...foreignKeys.map((key) => key.getName()));
    expect(named.map((row) => row.name)).toEqual(expect.arrayContaining(wanted));
  }
});

test.each([
  ["an empty name", { name: "" }],
  ["a name too long", { name: "x".repeat(101) }],
  ["an address too long", { email: "x".repeat(255) }],
])("the database itself refuses %s", async (_, wrong) => {
  const row = { id: Bun.randomUUIDv7(), email: "ada@example.test", name: "Ada", password_hash: "", ...wrong };
  await expect((async () => database.sql`insert into users ${database.sql(row)}`)()).rejects.toThrow("violates check");
});
