import { afterAll, beforeAll, expect, test } from "bun:test";
import { schemaAndDatabase } from "@shop/kit/testing/schema";
import { type TestPostgres, testPostgres } from "@shop/kit/testing/stores";
import { migrations } from "../migrate";
import * as schema from "./schema";

let database: TestPostgres;
beforeAll(async () => {
  database = await testPostgres("payment", migrations);
});
afterAll(() => database.drop());

test("the migrations create the tables that the schema declares", async () => {
  const { said, made } = await schemaAndDatabase(database.sql, schema);
  expect(Object.keys(said).length).toBeGreaterThan(0);
  expect(made).toEqual(said);
});
