import { expect, test } from "bun:test";
import { testMongoUrl, testRedisUrl } from "@shop/kit/testing/stores";
import { testServiceKeyEnv } from "@shop/kit/testing/tokens";
import { exportJWK, generateKeyPair } from "jose";
import { config } from "./config";
import { main } from "./main";
import { migrate } from "./migrate";

const { publicKey } = await generateKeyPair("ECDH-ES", { extractable: true });
const publicJwk = JSON.stringify(await exportJWK(publicKey));

test("starts, answers what operators ask, and stops", async () => {
  const url = testMongoUrl("order_main");
  await migrate(url);
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
  expect(get("/health")).rejects.toThrow();
});

test("names everything that is missing in the environment at once, and no value", () => {
  expect(() => config({ PORT: "secret" })).toThrow(/PORT[\s\S]*ORDER_MONGO_URL/);
  expect(() => config({ PORT: "secret" })).not.toThrow(/secret/);
});
