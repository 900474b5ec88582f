import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { createRedis, type Redis } from "@shop/kit/stores/redis";
import { eventually } from "@shop/kit/testing/eventually";
import { silentLog } from "@shop/kit/testing/log";
import { type TestRedis, testRedisServer } from "@shop/kit/testing/redis-server";
import { type ChangeFeed, changeFeed } from "./change-feed";

let server: TestRedis;
let admin: Redis;
/** The change feeds of two instances. */
let here: ChangeFeed;
let there: ChangeFeed;
beforeAll(async () => {
  server = await testRedisServer();
  await server.start();
  admin = createRedis(server.url, silentLog);
  await admin.connect();
  here = changeFeed({ redisUrl: server.url, log: silentLog });
  there = changeFeed({ redisUrl: server.url, log: silentLog });
});
afterAll(async () => {
  await Promise.all([here.close(), there.close()]);
  admin.destroy();
  await server.stop();
});
const publishCount = async () => Number(/cmdstat_publish:calls=(\d+)/.exec(await admin.info("commandstats"))?.[1] ?? 0);
const subscriberCount = async () => (await admin.pubSubNumSub("order.changed"))["order.changed"] ?? 0;
beforeEach(async () => {
  await eventually(async () => (await subscriberCount()) === 0);
  await admin.configResetStat();
});

/** Subscribes, and records what the listener receives. */
async function subscribe(feed: ChangeFeed) {
  const received: (string[] | undefined)[] = [];
  const unsubscribe = feed.subscribe((ids) => received.push(ids));
  // The first report: anything may have changed before the subscription.
  await eventually(() => received.includes(undefined));
  return { received, unsubscribe, ids: () => received.flatMap((ids) => ids ?? []) };
}

test("changes made at the same time are one message for the other instances; the own instance needs no Redis", async () => {
  const [own, other] = [await subscribe(here), await subscribe(there)];
  for (let n = 0; n < 200; n++) here.publish(`order-${n % 100}`);
  await eventually(() => other.ids().length > 0);
  const all = Array.from({ length: 100 }, (_, n) => `order-${n}`);
  expect(own.received).toEqual([undefined, all]);
  expect(other.received).toEqual([undefined, all]);
  expect(await publishCount()).toBe(1);
  own.unsubscribe();
  other.unsubscribe();
});

test("an instance is subscribed only while it has a listener", async () => {
  const { unsubscribe } = await subscribe(there);
  expect(await subscriberCount()).toBe(1);
  unsubscribe();
  await eventually(async () => (await subscriberCount()) === 0);
  here.publish("a");
  await eventually(async () => (await publishCount()) === 1);
});

test("without Redis only own changes are reported; after a reconnect, that anything may have changed, then all changes", async () => {
  const own = await subscribe(here);
  await server.kill();
  here.publish("a");
  await eventually(() => own.ids().includes("a"));
  own.received.length = 0;
  await server.start();
  await eventually(() => own.received.includes(undefined));
  await eventually(() => {
    there.publish("b");
    return own.ids().includes("b");
  });
  own.unsubscribe();
  await eventually(() => admin.isReady);
}, 30_000);

test("messages are dropped while Redis accepts none", async () => {
  const [own, other] = [await subscribe(here), await subscribe(there)];
  server.hang();
  for (let n = 0; n < 30; n++) {
    here.publish(`hung-${n}`);
    await eventually(() => own.ids().includes(`hung-${n}`));
  }
  server.resume();
  await eventually(() => {
    here.publish("last");
    return other.ids().includes("last");
  });
  // Twenty messages were in flight. The streams find the other changes by polling.
  const received = other.ids().filter((id) => id.startsWith("hung"));
  expect(received).toEqual(Array.from({ length: 20 }, (_, n) => `hung-${n}`));
  own.unsubscribe();
  other.unsubscribe();
}, 30_000);
