import { afterAll, beforeAll, expect, test } from "bun:test";
import { compareSchema } from "@shop/kit/testing/schema";
import { type TestPostgres, testPostgres } from "@shop/kit/testing/stores";
import { migrations } from "../migrate";
import * as schema from "./schema";

let database: TestPostgres;
beforeAll(async () => {
  database = await testPostgres("payment", migrations);
});
afterAll(() => database.drop());

test("the migrations create the schema", async () => {
  const { declared, migrated } = await compareSchema(database.sql, schema);
  expect(Object.keys(declared).length).toBeGreaterThan(0);
  expect(migrated).toEqual(declared);
});
