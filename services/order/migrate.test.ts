import { afterAll, beforeAll, expect, test } from "bun:test";
import { connectMongo, mongoSchema } from "@shop/kit/stores/mongo";
import { testMongoUrl } from "@shop/kit/testing/stores";
import type { Db, MongoClient } from "mongodb";
import { migrate } from "./migrate";
import { ordersCollection, schemaVersion } from "./store/documents";

const url = testMongoUrl("order_migrate");
let client: MongoClient;
let db: Db;
beforeAll(() => {
  ({ client, db } = connectMongo(url, "order-test"));
});
afterAll(async () => {
  await db.dropDatabase();
  await client.close();
});

const listIndexes = async () => (await ordersCollection(db).indexes()).map(({ name }) => name as string).sort();

/** The indexes of each schema version. An entry never changes: other indexes are a new version. */
const indexesByVersion: Record<number, string[]> = {
  1: [
    ...["_id_", "by_user", "by_user_and_product", "by_user_and_status", "due_with_status", "hold", "idempotency"],
    ...["sent", "stuck", "unsent"],
  ],
};

test("a migration makes the indexes of the schema version, and drops others", async () => {
  await ordersCollection(db).createIndex({ total: 1 }, { name: "outdated" });
  await Promise.all([migrate({ ORDER_MONGO_URL: url }), migrate({ ORDER_MIGRATION_URL: url })]);
  expect(await listIndexes()).toEqual(indexesByVersion[schemaVersion] ?? []);
  expect(await mongoSchema(db, schemaVersion).readVersion()).toBe(schemaVersion);
});

test("the migration of an older release leaves a newer schema as it is", async () => {
  await db.collection("schema_version").updateOne({}, { $inc: { version: 1 } });
  await ordersCollection(db).createIndex({ total: 1 }, { name: "newer" });
  await migrate({ ORDER_MONGO_URL: url });
  expect(await listIndexes()).toContain("newer");
});

test("a migration without a database URL names the missing variable", async () => {
  await expect(migrate({})).rejects.toThrow("ORDER_MIGRATION_URL");
});
