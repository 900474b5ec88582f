import { expect, test } from "bun:test";
import { connectMongo } from "@shop/kit/stores/mongo";
import { eventually } from "@shop/kit/testing/eventually";
import { testMongoUrl, testRedisUrl } from "@shop/kit/testing/stores";
import { testServiceKeyEnv } from "@shop/kit/testing/tokens";
import { exportJWK, generateKeyPair } from "jose";
import { config } from "./config";
import { main } from "./main";
import { migrate } from "./migrate";
import { type OrderDocument, ordersCollection } from "./store/documents";

const { publicKey } = await generateKeyPair("ECDH-ES", { extractable: true });
const publicJwk = JSON.stringify(await exportJWK(publicKey));

/** Starts the service on a database of its own, without the services that it calls. */
async function start() {
  const url = testMongoUrl("order_main");
  await migrate({ ORDER_MONGO_URL: url });
  const server = await main({
    APP_ENV: "test",
    PORT: "0",
    LOG_LEVEL: "silent",
    REDIS_URL: testRedisUrl(4),
    ISSUER_URL: "http://issuer.test",
    JWKS_URL: "http://127.0.0.1:1/jwks.json",
    USER_URL: "http://127.0.0.1:1",
    INVENTORY_URL: "http://127.0.0.1:1",
    ORDER_MONGO_URL: url,
    PAYMENT_SEAL_PUBLIC_KEY: publicJwk,
    ...(await testServiceKeyEnv("order")),
  });
  return { url, server };
}

test("the service starts, serves its operational routes and its API description, and stops", async () => {
  const { server } = await start();
  const get = (path: string) => fetch(`http://127.0.0.1:${server.port}${path}`);
  expect(await (await get("/health")).json()).toEqual({ status: "ok" });
  expect((await get("/ready")).status).toBe(200);
  expect(await (await get("/metrics")).text()).toContain("http_request_duration_seconds");
  const { paths } = (await (await get("/openapi.json")).json()) as { paths: object };
  expect(Object.keys(paths).sort()).toEqual([
    "/orders",
    "/orders/user/{userId}",
    "/orders/{id}",
    "/orders/{id}/events",
    "/orders/{id}/status",
  ]);
  await server.stop();
  await expect(get("/health")).rejects.toThrow();
});

test("a running service cancels orders that were not paid for in time", async () => {
  const { url, server } = await start();
  const { client, db } = connectMongo(url, "order-test");
  const past = new Date(0);
  const _id = Bun.randomUUIDv7();
  const lapsed: OrderDocument = {
    _id,
    userId: Bun.randomUUIDv7(),
    status: "awaiting_payment",
    items: [],
    total: { amount: 1, currency: "USD" },
    holdExpiresAt: past,
    createdAt: past,
    updatedAt: past,
    saga: {
      id: Bun.randomUUIDv7(),
      name: "place-unpaid-order",
      status: "completed",
      step: "await_payment",
      outputs: {},
    },
    version: 1,
    history: [],
    lastSeq: 0,
    sentSeq: 0,
  };
  await ordersCollection(db).insertOne(lapsed);
  const expired = await eventually(() => ordersCollection(db).findOne({ _id, cancelReason: "order.hold_expired" }));
  expect(expired.saga.name).toBe("cancel-unpaid-order");
  await client.close();
  await server.stop();
});

test("an invalid environment is reported with all its problems and without any value", () => {
  expect(() => config({ PORT: "secret" })).toThrow(/PORT[\s\S]*ORDER_MONGO_URL/);
  expect(() => config({ PORT: "secret" })).not.toThrow(/secret/);
});
