import { afterAll, expect, test } from "bun:test";
import { MongoBulkWriteError, MongoClient } from "mongodb";
import { connectPostgres } from "../stores/postgres";
import { breakableProxy } from "../testing/breakable-proxy";
import { testMongoUrl } from "../testing/stores";
import { isStoreOutage } from "./store-outage";

const nobodyListens = 1;
const caught = (work: Promise<unknown>) => work.then(() => undefined).catch((error) => error);

const url = new URL(testMongoUrl("outage"));
url.searchParams.set("directConnection", "true");
const way = await breakableProxy(Number(url.port));
url.port = String(way.port);
const mongo = new MongoClient(url.href, { retryWrites: false });
const things = mongo.db().collection<{ _id: number }>("things");
afterAll(async () => {
  await mongo.db().dropDatabase();
  await mongo.close();
  await way.close();
});

test("a PostgreSQL that does not listen is away; one that refuses a statement is not", async () => {
  const gone = connectPostgres(`postgres://a:b@127.0.0.1:${nobodyListens}/x`, { max: 1, service: "kit" });
  expect(isStoreOutage(await caught(gone`select 1`))).toBe(true);
  await gone.end();
  const there = connectPostgres(process.env.TEST_POSTGRES_URL as string, { max: 1, service: "kit" });
  expect(isStoreOutage(await caught(there`select 1 / 0`))).toBe(false);
  await there.end();
});

test("a MongoDB that does not listen is away, and so is one that is cut off in the middle of a bulk write", async () => {
  const gone = new MongoClient(`mongodb://127.0.0.1:${nobodyListens}`, { serverSelectionTimeoutMS: 50 });
  expect(isStoreOutage(await caught(gone.db().command({ ping: 1 })))).toBe(true);

  await things.insertOne({ _id: 1 });
  const slow = things.bulkWrite([
    { updateOne: { filter: { $where: "sleep(500) || true" }, update: { $set: { a: 1 } } } },
  ]);
  const broken = caught(slow);
  await Bun.sleep(100);
  way.cut();
  expect(await broken).toBeInstanceOf(MongoBulkWriteError);
  expect(isStoreOutage(await broken)).toBe(true);
});

test("a MongoDB that refuses a document is not away", async () => {
  await things.insertOne({ _id: 2 });
  expect(isStoreOutage(await caught(things.insertOne({ _id: 2 })))).toBe(false);
  expect(isStoreOutage(await caught(things.bulkWrite([{ insertOne: { document: { _id: 2 } } }])))).toBe(false);
});

test("neither is anything else", () => {
  expect(isStoreOutage(new Error("x"))).toBe(false);
  expect(isStoreOutage("ECONNREFUSED")).toBe(false);
  expect(isStoreOutage(Object.assign(new Error("x"), { code: 11600 }))).toBe(false);
});
