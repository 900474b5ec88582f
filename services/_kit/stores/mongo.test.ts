import { expect, test } from "bun:test";
import { isStoreOutage } from "../errors/store-outage";
import { breakableProxy } from "../testing/breakable-proxy";
import { eventually } from "../testing/eventually";
import { testMongoUrl } from "../testing/stores";
import { connectMongo } from "./mongo";

test("a connection that breaks leaves nobody waiting: every operation gets an answer", async () => {
  const url = new URL(testMongoUrl("kit_mongo"));
  url.searchParams.set("directConnection", "true");
  const way = await breakableProxy(Number(url.port));
  url.port = String(way.port);
  const { client, db } = await connectMongo(url.href, "kit");
  const things = db.collection<{ _id: number; n: number }>("things");

  let [over, failed, done] = [false, 0, 0];
  async function work(n: number) {
    while (!over) {
      try {
        if (n % 2) await things.findOne({ _id: n });
        else await things.updateOne({ _id: n }, { $inc: { n: 1 } }, { upsert: true });
        done++;
      } catch (error) {
        if (!isStoreOutage(error)) throw error;
        failed++;
      }
    }
  }
  const workers = Array.from({ length: 16 }, (_, n) => work(n));
  for (let round = 0; round < 20; round++) {
    const before = done;
    await eventually(() => done > before + 100);
    way.cut();
  }
  over = true;
  await Promise.all(workers);
  expect(failed).toBeGreaterThan(0);
  await db.dropDatabase();
  await client.close();
  await way.close();
}, 30_000);
