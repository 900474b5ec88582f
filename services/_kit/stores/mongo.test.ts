import { expect, test } from "bun:test";
import { isStoreOutage } from "../errors/store-outage";
import { breakableProxy } from "../testing/breakable-proxy";
import { eventually } from "../testing/eventually";
import { testMongoUrl } from "../testing/stores";
import { connectMongo, migrateMongo, mongoSchema } from "./mongo";

test("when connections break, every operation succeeds or fails; none waits for ever", async () => {
  const url = new URL(testMongoUrl("kit_mongo"));
  url.searchParams.set("directConnection", "true");
  const proxy = await breakableProxy(Number(url.port));
  url.port = String(proxy.port);
  const { client, db } = connectMongo(url.href, "kit");
  const things = db.collection<{ _id: number; n: number }>("things");

  let stopped = false;
  let failed = 0;
  let succeeded = 0;
  async function work(n: number) {
    while (!stopped) {
      try {
        if (n % 2) await things.findOne({ _id: n });
        else await things.updateOne({ _id: n }, { $inc: { n: 1 } }, { upsert: true });
        succeeded++;
      } catch (error) {
        if (!isStoreOutage(error)) throw error;
        failed++;
      }
    }
  }
  const workers = Array.from({ length: 16 }, (_, n) => work(n));
  for (let round = 0; round < 20; round++) {
    const before = succeeded;
    await eventually(() => succeeded > before + 100);
    proxy.breakConnections();
  }
  stopped = true;
  await Promise.all(workers);
  expect(failed).toBeGreaterThan(0);
  await db.dropDatabase();
  await client.close();
  await proxy.close();
}, 30_000);

test("the schema of a MongoDB database has the version of the last migration that was completed", async () => {
  const { client, db } = connectMongo(testMongoUrl("kit_schema"), "kit");
  const readVersion = () => mongoSchema(db, 2).readVersion();
  const migrated: number[] = [];
  const migrateTo = (version: number) => migrateMongo(db, version, async () => void migrated.push(version));
  expect(await readVersion()).toBe(0);
  await expect(migrateMongo(db, 1, () => Promise.reject(new Error("killed")))).rejects.toThrow("killed");
  expect(await readVersion()).toBe(0);
  await Promise.all([migrateTo(1), migrateTo(1), migrateTo(1)]);
  expect(await readVersion()).toBe(1);
  await migrateTo(2);
  // A release that is rolled back leaves the newer schema as it is.
  await migrateTo(1);
  expect([await readVersion(), migrated]).toEqual([2, [1, 1, 1, 2]]);
  await db.dropDatabase();
  await client.close();
});
