import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { createRedis, type Redis } from "@shop/kit/stores/redis";
import { eventually } from "@shop/kit/testing/eventually";
import { silentLog } from "@shop/kit/testing/log";
import { type TestRedis, testRedisServer } from "@shop/kit/testing/redis-server";
import { type OrderChanges, orderChanges } from "./change-feed";

let server: TestRedis;
let admin: Redis;
let here: OrderChanges;
let there: OrderChanges;
beforeAll(async () => {
  server = await testRedisServer();
  await server.start();
  admin = createRedis(server.url, silentLog);
  await admin.connect();
  [here, there] = [0, 1].map(() => orderChanges({ redisUrl: server.url, log: silentLog })) as [
    OrderChanges,
    OrderChanges,
  ];
});
afterAll(async () => {
  await Promise.all([here.close(), there.close()]);
  admin.destroy();
  await server.stop();
});
const published = async () => Number(/cmdstat_publish:calls=(\d+)/.exec(await admin.info("commandstats"))?.[1] ?? 0);
const listeners = async () => (await admin.pubSubNumSub("order.changed"))["order.changed"] ?? 0;
beforeEach(async () => {
  await eventually(async () => (await listeners()) === 0);
  await admin.configResetStat();
});

/** A listener that is heard, and what it hears. */
async function listening(changes: OrderChanges) {
  const heard: (string[] | undefined)[] = [];
  const stop = changes.listen((ids) => heard.push(ids));
  // First that anything may have changed before it listened.
  await eventually(() => heard.includes(undefined));
  return { heard, stop, ids: () => heard.flatMap((ids) => ids ?? []) };
}

test("what changes at once is one message, which every other instance hears, and the own one without it", async () => {
  const [mine, theirs] = [await listening(here), await listening(there)];
  for (let n = 0; n < 200; n++) here.note(`order-${n % 100}`);
  await eventually(() => theirs.ids().length > 0);
  const all = Array.from({ length: 100 }, (_, n) => `order-${n}`);
  expect(mine.heard).toEqual([undefined, all]);
  expect(theirs.heard).toEqual([undefined, all]);
  expect(await published()).toBe(1);
  mine.stop();
  theirs.stop();
});

test("without listeners no instance is sent anything, and they stop being sent to when the last one leaves", async () => {
  const { stop } = await listening(there);
  expect(await listeners()).toBe(1);
  stop();
  await eventually(async () => (await listeners()) === 0);
  here.note("a");
  await eventually(async () => (await published()) === 1);
});

test("without Redis own changes are heard; when it is back everything may have changed, and others are heard again", async () => {
  const mine = await listening(here);
  await server.kill();
  here.note("a");
  await eventually(() => mine.ids().includes("a"));
  mine.heard.length = 0;
  await server.start();
  await eventually(() => mine.heard.includes(undefined));
  await eventually(() => {
    there.note("b");
    return mine.ids().includes("b");
  });
  mine.stop();
  await eventually(() => admin.isReady);
}, 30_000);

test("a Redis that takes nothing is not sent more and more", async () => {
  const [mine, theirs] = [await listening(here), await listening(there)];
  server.hang();
  for (let n = 0; n < 30; n++) {
    here.note(`hung-${n}`);
    await eventually(() => mine.ids().includes(`hung-${n}`));
  }
  server.resume();
  await eventually(() => {
    here.note("last");
    return theirs.ids().includes("last");
  });
  // Twenty were on their way; the rest is left to those who look.
  const told = theirs.ids().filter((id) => id.startsWith("hung"));
  expect(told).toEqual(Array.from({ length: 20 }, (_, n) => `hung-${n}`));
  mine.stop();
  theirs.stop();
}, 30_000);
