import { afterAll, beforeAll, expect, test } from "bun:test";
import { type TestPostgres, testPostgres } from "@shop/kit/testing/stores";
import { is } from "drizzle-orm";
import { getTableConfig, PgTable } from "drizzle-orm/pg-core";
import { migrations } from "../testing/office";
import * as schema from "./schema";

let database: TestPostgres;
beforeAll(async () => {
  database = await testPostgres("notification", migrations);
});
afterAll(() => database.drop());

test("the migrations make what the schema says", async () => {
  const tables = Object.values(schema)
    .filter((part) => is(part, PgTable))
    .map((table) => getTableConfig(table));
  for (const { name, columns, indexes, checks } of tables) {
    const found = await database.sql<{ column: string; nullable: boolean }[]>`
      select column_name as column, is_nullable = 'YES' as nullable from information_schema.columns
      where table_schema = 'public' and table_name = ${name}`;
    const said = columns.map((column) => ({ column: column.name, nullable: !column.notNull && !column.primary }));
    expect(found.map((row) => `${row.column} ${row.nullable}`).sort()).toEqual(
      said.map((row) => `${row.column} ${row.nullable}`).sort(),
    );
    const named = await database.sql<{ name: string }[]>`
      select indexname as name from pg_indexes where tablename = ${name}
      union all select conname from pg_constraint where conrelid = ${name}::regclass`;
    const wanted = [...indexes.map((index) => index.config.name), ...checks.map((check) => check.name)];
    expect(named.map((row) => row.name)).toEqual(expect.arrayContaining(wanted));
  }
  expect(tables.length).toBeGreaterThan(0);
});
