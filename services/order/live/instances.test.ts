import { afterAll, beforeAll, expect, test } from "bun:test";
import { systemClock } from "@shop/kit/clock";
import { silentLog } from "@shop/kit/testing/log";
import { type TestRedis, testRedisServer } from "@shop/kit/testing/redis-server";
import { type SseReader, sseReader } from "@shop/kit/testing/sse";
import { placeOrder } from "../commands/place-order";
import { lamp, type TestOrders, testOrders } from "../testing/order-service";
import { type OrderChanges, orderChanges } from "./change-feed";
import { orderStreams } from "./streams";

let redis: TestRedis;
/** The instance that the answers of the other services come to. */
let writing: TestOrders;
/** The one that the stream is open at. */
let changes: OrderChanges;
beforeAll(async () => {
  redis = await testRedisServer();
  await redis.start();
  writing = await testOrders(redis.url);
  changes = orderChanges({ redisUrl: redis.url, log: silentLog });
});
afterAll(async () => {
  await changes.close();
  await writing.close();
  await redis.stop();
});

/** Follows a new order on one instance while the other confirms it. */
async function confirmedWhileFollowed(pollMs: number, before: (reader: SseReader) => Promise<unknown>): Promise<void> {
  const { timelinesOf } = writing;
  const streams = orderStreams({ timelinesOf, changes, clock: systemClock, log: silentLog, pollMs });
  const { order } = await placeOrder(writing.deps, {
    userId: writing.newUser(),
    items: [{ productId: lamp.id, quantity: 1 }],
    paymentMethod: { provider: "stripe", token: "pm_card_visa" },
  });
  const user = { id: order.userId, permissions: [], expiresAt: Date.now() + 60_000 };
  const reader = sseReader(streams.open({ user, orderId: order.id, after: 0 }));
  const seen = await reader.until(({ data }) => data.type === "inventory.reserve");
  await before(reader);
  await writing.confirmed(order.id);
  seen.push(...(await reader.until(({ data }) => data.type === "order.confirmed")));
  expect(seen.map(({ id }) => Number(id))).toEqual(seen.map((_, index) => index + 1));
  streams.drain();
  await streams.close();
}

const never = 1e6;

test("Redis tells one instance what another wrote", () => confirmedWhileFollowed(never, async () => {}));

test("with Redis dead it is found by looking", () => confirmedWhileFollowed(20, () => redis.kill()), 30_000);
