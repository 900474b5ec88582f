import { afterAll, beforeAll, expect, test } from "bun:test";
import { systemClock } from "@shop/kit/clock";
import { silentLog } from "@shop/kit/testing/log";
import { type TestRedis, testRedisServer } from "@shop/kit/testing/redis-server";
import { type SseReader, sseReader } from "@shop/kit/testing/sse";
import { type TestOrders, testOrders } from "../testing/order-service";
import { type ChangeFeed, changeFeed } from "./change-feed";
import { orderStreams } from "./streams";

let redis: TestRedis;
/** The instance that receives the replies of the other services. */
let writer: TestOrders;
/** The change feed of the instance that has the stream. */
let changes: ChangeFeed;
beforeAll(async () => {
  redis = await testRedisServer();
  await redis.start();
  writer = await testOrders(redis.url);
  changes = changeFeed({ redisUrl: redis.url, log: silentLog });
});
afterAll(async () => {
  await changes.close();
  await writer.close();
  await redis.stop();
});

/** Follows a new order on one instance while the other instance confirms it. */
async function followWhileConfirmed(pollMs: number, beforeConfirm: (reader: SseReader) => Promise<unknown>) {
  const { loadTimelines } = writer;
  const streams = orderStreams({ loadTimelines, changes, clock: systemClock, log: silentLog, pollMs });
  const order = await writer.placed();
  const user = { id: order.userId, permissions: [], expiresAt: Date.now() + 60_000 };
  const reader = sseReader(streams.open({ user, orderId: order.id, after: 0 }));
  const received = await reader.readUntil(({ data }) => data.type === "inventory.reserve");
  await beforeConfirm(reader);
  await writer.confirm(order.id);
  received.push(...(await reader.readUntil(({ data }) => data.type === "order.confirmed")));
  expect(received.map(({ id }) => Number(id))).toEqual(received.map((_, index) => index + 1));
  streams.drain();
  await streams.close();
}

const never = 1e6;

test("the change feed reports to one instance what another wrote", () => followWhileConfirmed(never, async () => {}));

test(
  "without Redis, polling finds what another instance wrote",
  () => followWhileConfirmed(20, () => redis.kill()),
  30_000,
);
