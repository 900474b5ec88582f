import { afterAll, beforeAll, expect, test } from "bun:test";
import { type DataFor, messages } from "@shop/contracts/messages";
import type { Server } from "@shop/kit/http/server";
import { startConsumer } from "@shop/kit/messaging/consumer";
import { createPublisher } from "@shop/kit/messaging/publisher";
import { eventually } from "@shop/kit/testing/eventually";
import { silentLog } from "@shop/kit/testing/log";
import { type TestPostgres, testPostgres } from "@shop/kit/testing/stores";
import { testServiceKeyEnv } from "@shop/kit/testing/tokens";
import { RedisClient } from "bun";
import { main } from "./main";
import { migrate, migrations } from "./migrate";
import { seedProductId } from "./store/seed-products";
import { aMessage, redisUrl } from "./testing/inventory-service";

let database: TestPostgres;
let server: Server;
beforeAll(async () => {
  // Removes the messages of other tests from the queue of the order service.
  const redis = new RedisClient(redisUrl);
  await redis.send("FLUSHDB", []);
  redis.close();
  database = await testPostgres("inventory", migrations);
  await migrate({ INVENTORY_MIGRATION_URL: database.url, APP_ENV: "test" }, true);
  server = await main({
    ...(await testServiceKeyEnv("inventory")),
    APP_ENV: "test",
    PORT: "0",
    LOG_LEVEL: "silent",
    REDIS_URL: redisUrl,
    ISSUER_URL: "http://issuer.test",
    JWKS_URL: "http://issuer.test/jwks",
    INVENTORY_DATABASE_URL: database.url,
  });
});
afterAll(() => database.drop());

const get = (path: string) => fetch(`http://127.0.0.1:${server.port}${path}`);

test("the service starts, serves its routes, replies to a command, and stops", async () => {
  expect((await get("/health")).status).toBe(200);
  await eventually(async () => ((await (await get("/ready")).json()) as { status: string }).status === "ready");
  const paths = ((await (await get("/openapi.json")).json()) as { paths: object }).paths;
  expect(Object.keys(paths).sort()).toEqual(["/products", "/products/{productId}", "/products/{productId}/stock"]);
  expect(((await (await get("/products?limit=100")).json()) as { items: unknown[] }).items).toHaveLength(20);

  const replies: DataFor<"inventory.updated">[] = [];
  const order = startConsumer({
    queue: "order",
    catalogue: messages,
    consumers: { "inventory.updated": async (_: object, data: DataFor<"inventory.updated">) => replies.push(data) },
    deps: {},
    redisUrl,
    concurrency: 32,
    log: silentLog,
  });
  const publisher = createPublisher({ redisUrl, catalogue: messages, log: silentLog });
  const data = { orderId: Bun.randomUUIDv7(), items: [{ productId: seedProductId(1), quantity: 1 }] };
  const message = aMessage({ type: "inventory.reserve", data, sagaid: "saga-1" });
  await eventually(() => publisher.connected());
  await publisher.publish([{ message, jobId: message.id }]);
  const reply = await eventually(() => replies.find((candidate) => candidate.orderId === data.orderId));
  expect(reply).toEqual({ ...data, change: "reserved" });
  expect(await (await get("/metrics")).text()).toContain('stock_reservations_total{outcome="reserved"}');

  await order.close();
  await publisher.close();
  await server.stop();
  await expect(get("/health")).rejects.toThrow();
});
