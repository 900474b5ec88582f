import { afterAll, beforeAll, expect, test } from "bun:test";
import { compareSchema } from "@shop/kit/testing/schema";
import { type TestPostgres, testPostgres } from "@shop/kit/testing/stores";
import { migrations } from "../migrate";
import * as schema from "./schema";

let database: TestPostgres;
beforeAll(async () => {
  database = await testPostgres("user", migrations);
});
afterAll(() => database.drop());

test("the migrations create the schema", async () => {
  const { declared, migrated } = await compareSchema(database.sql, schema);
  expect(Object.keys(declared)).toHaveLength(10);
  expect(migrated).toEqual(declared);
});

test.each([
  ["an empty name", { name: "" }],
  ["a name too long", { name: "x".repeat(101) }],
  ["an address too long", { email: "x".repeat(255) }],
])("the database rejects %s", async (_, wrong) => {
  const row = { id: Bun.randomUUIDv7(), email: "ada@example.test", name: "Ada", password_hash: "", ...wrong };
  await expect((async () => database.sql`insert into users ${database.sql(row)}`)()).rejects.toThrow("violates check");
});

test("the database refuses to change or delete a recorded role change", async () => {
  const { sql } = database;
  const id = Bun.randomUUIDv7();
  await sql`insert into users (id, email, name, password_hash) values (${id}, 'eve@example.test', 'Eve', '')`;
  await sql`insert into role_change (user_id, role, change, actor) values (${id}, 'admin', 'granted', 'ops:eve')`;
  for (const statement of [
    "update role_change set actor = 'ops:ada'",
    "delete from role_change",
    "truncate role_change",
  ])
    await expect((async () => sql.unsafe(statement))()).rejects.toThrow("append-only");
});
