import { afterAll, expect, test } from "bun:test";
import { DrizzleQueryError } from "drizzle-orm";
import { MongoBulkWriteError, MongoClient } from "mongodb";
import { connectPostgres } from "../stores/postgres";
import { breakableProxy } from "../testing/breakable-proxy";
import { testMongoUrl } from "../testing/stores";
import { isStoreOutage } from "./store-outage";

const unusedPort = 1;
const caught = (work: Promise<unknown>) => work.then(() => undefined).catch((error) => error);

const url = new URL(testMongoUrl("outage"));
url.searchParams.set("directConnection", "true");
const proxy = await breakableProxy(Number(url.port));
url.port = String(proxy.port);
const mongo = new MongoClient(url.href, { retryWrites: false });
const things = mongo.db().collection<{ _id: number }>("things");
afterAll(async () => {
  await mongo.db().dropDatabase();
  await mongo.close();
  await proxy.close();
});

test("a PostgreSQL connection that is refused is an outage; a statement that fails is not", async () => {
  const unreachable = connectPostgres(`postgres://a:b@127.0.0.1:${unusedPort}/x`, { max: 1, service: "kit" });
  expect(isStoreOutage(await caught(unreachable`select 1`))).toBe(true);
  await unreachable.end();
  const reachable = connectPostgres(process.env.TEST_POSTGRES_URL as string, { max: 1, service: "kit" });
  expect(isStoreOutage(await caught(reachable`select 1 / 0`))).toBe(false);
  await reachable.end();
});

test("a MongoDB connection that is refused, or broken during a bulk write, is an outage", async () => {
  const unreachable = new MongoClient(`mongodb://127.0.0.1:${unusedPort}`, { serverSelectionTimeoutMS: 50 });
  expect(isStoreOutage(await caught(unreachable.db().command({ ping: 1 })))).toBe(true);

  await things.insertOne({ _id: 1 });
  const slow = things.bulkWrite([
    { updateOne: { filter: { $where: "sleep(500) || true" }, update: { $set: { a: 1 } } } },
  ]);
  const broken = caught(slow);
  await Bun.sleep(100);
  proxy.breakConnections();
  expect(await broken).toBeInstanceOf(MongoBulkWriteError);
  expect(isStoreOutage(await broken)).toBe(true);
});

test("a MongoDB write that is refused is no outage", async () => {
  await things.insertOne({ _id: 2 });
  expect(isStoreOutage(await caught(things.insertOne({ _id: 2 })))).toBe(false);
  expect(isStoreOutage(await caught(things.bulkWrite([{ insertOne: { document: { _id: 2 } } }])))).toBe(false);
});

test("any other value is no outage", () => {
  expect(isStoreOutage(new Error("x"))).toBe(false);
  expect(isStoreOutage("ECONNREFUSED")).toBe(false);
  expect(isStoreOutage(Object.assign(new Error("x"), { code: 11600 }))).toBe(false);
});

test("a name that cannot be resolved at the moment is an outage, also inside an error of drizzle", () => {
  const dns = Object.assign(new Error("getaddrinfo EAI_AGAIN postgres"), { code: "EAI_AGAIN" });
  expect(isStoreOutage(dns)).toBe(true);
  expect(isStoreOutage(new DrizzleQueryError("select 1", [], dns))).toBe(true);
  expect(isStoreOutage(new DrizzleQueryError("select 1", [], new Error("syntax error")))).toBe(false);
});
