import { afterAll, beforeAll, expect, test } from "bun:test";
import { type TestPostgres, testPostgres, testRedisUrl } from "@shop/kit/testing/stores";
import { testServiceKeyEnv } from "@shop/kit/testing/tokens";
import { exportJWK, generateKeyPair } from "jose";
import { config } from "./config";
import { main } from "./main";
import { migrations } from "./migrate";

let database: TestPostgres;
let env: Record<string, string>;
const { privateKey } = await generateKeyPair("ECDH-ES", { extractable: true });

beforeAll(async () => {
  database = await testPostgres("payment_main", migrations);
  env = {
    APP_ENV: "test",
    PORT: "0",
    LOG_LEVEL: "silent",
    REDIS_URL: testRedisUrl(5),
    ISSUER_URL: "http://issuer.test",
    JWKS_URL: "http://127.0.0.1:1/jwks.json",
    ORDER_URL: "http://127.0.0.1:1",
    PAYMENT_DATABASE_URL: database.url,
    PAYMENT_SEAL_PRIVATE_KEY: JSON.stringify(await exportJWK(privateKey)),
    STRIPE_SECRET_KEY: "sk_test_main",
    STRIPE_API_URL: "http://127.0.0.1:1",
    ...(await testServiceKeyEnv("payment")),
  };
});
afterAll(() => database.drop());

test("starts, serves health checks and the API description, and stops", async () => {
  const server = await main(env);
  const get = (path: string) => fetch(`http://127.0.0.1:${server.port}${path}`);
  expect((await get("/ready")).status).toBe(200);
  const { paths } = (await (await get("/openapi.json")).json()) as { paths: object };
  expect(Object.keys(paths).sort()).toEqual(["/payments/order/{orderId}", "/payments/process", "/payments/{id}"]);
  await server.stop();
});

test("refuses to start in production with a test key or another API address", () => {
  const production = { ...env, APP_ENV: undefined, STRIPE_SECRET_KEY: "sk_live_x" };
  expect(() => config(production)).toThrow(/STRIPE_API_URL/);
  expect(() => config({ ...production, STRIPE_API_URL: undefined, STRIPE_SECRET_KEY: "sk_test_x" })).toThrow(
    /test key/,
  );
  expect(config({ ...production, STRIPE_API_URL: undefined }).APP_ENV).toBe("production");
});
