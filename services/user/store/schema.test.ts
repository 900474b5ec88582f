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
  expect(Object.keys(declared)).toHaveLength(9);
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
