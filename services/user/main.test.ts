import { afterAll, beforeAll, expect, test } from "bun:test";
import { type TestPostgres, testPostgres } from "@shop/kit/testing/stores";
import { testServiceKeyEnv } from "@shop/kit/testing/tokens";
import { main } from "./main";
import { migrate, migrations } from "./migrate";
import { issuer, redisUrl, signingKeysEnv } from "./testing/user-service";

let database: TestPostgres;
beforeAll(async () => {
  database = await testPostgres("user_main", migrations);
  await migrate({ APP_ENV: "test", USER_MIGRATION_URL: database.url }, true);
});
afterAll(() => database.drop());

test("the service starts, logs the seeded customer in, serves health and metrics, and stops", async () => {
  const server = await main({
    APP_ENV: "test",
    PORT: "0",
    LOG_LEVEL: "silent",
    REDIS_URL: redisUrl,
    ISSUER_URL: issuer,
    USER_DATABASE_URL: database.url,
    USER_SIGNING_KEYS: await signingKeysEnv("main"),
    ...(await testServiceKeyEnv("user")),
  });
  const get = (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${server.port}${path}`, init);
  expect((await get("/health")).status).toBe(200);
  expect((await get("/ready")).status).toBe(200);
  expect(await (await get("/metrics")).text()).toContain("http_request_duration_seconds");
  const { paths } = (await (await get("/openapi.json")).json()) as { paths: object };
  expect(Object.keys(paths)).toContain("/auth/login");
  expect(Object.keys(paths).filter((path) => path.startsWith("/internal"))).toEqual([]);
  const login = await get("/auth/login", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ email: "customer@shop.test", password: "customer-dev-password" }),
  });
  expect(login.status).toBe(200);
  await server.stop();
  await expect(get("/health")).rejects.toThrow();
});
