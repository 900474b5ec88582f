import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { createRedis } from "@shop/kit/stores/redis";
import { silentLog } from "@shop/kit/testing/log";
import { type TestRedis, testRedisServer } from "@shop/kit/testing/redis-server";
import type { Throttle } from "../deps";
import { anEmail, redisUrl } from "../testing/user-service";
import { loginThrottle } from "./login-throttle";

const address = "198.51.100.7";

describe("with Redis", () => {
  const redis = createRedis(redisUrl, silentLog);
  const throttle = loginThrottle(redis, silentLog);
  beforeAll(async () => {
    await redis.connect();
  });
  beforeEach(async () => {
    await redis.flushDb();
  });
  afterAll(() => redis.destroy());

  test("a hundred failures from one address are enough, for whatever account; other addresses may go on", async () => {
    for (let tries = 0; tries < 100; tries++) await throttle.count(anEmail(), address);
    await expect(throttle.check(anEmail(), address)).rejects.toMatchObject({ code: "auth.throttled" });
    await expect(throttle.count(anEmail(), address)).rejects.toMatchObject({ code: "auth.throttled" });
    await throttle.check(anEmail(), "198.51.100.8");
  });

  test("what is right does not count against the address, and forgives it nothing", async () => {
    for (let tries = 0; tries < 99; tries++) await throttle.count(anEmail(), address);
    for (let tries = 0; tries < 5; tries++) {
      const email = anEmail();
      await throttle.count(email, address);
      await throttle.succeeded(email, address);
    }
    await throttle.check(anEmail(), address);
    await throttle.count(anEmail(), address);
    await expect(throttle.check(anEmail(), address)).rejects.toMatchObject({ kind: "throttled" });
  });

  test("nothing is counted for ever, and no e-mail address is kept", async () => {
    const email = anEmail();
    await throttle.count(email, address);
    await throttle.succeeded(email, address);
    await throttle.count(email, address);
    const keys = await redis.keys("*");
    expect(keys).toHaveLength(2);
    for (const key of keys) {
      expect(await redis.ttl(key)).toBeWithin(880, 901);
      expect(key).not.toContain(email);
    }
  });
});

describe("without Redis nobody is locked out", () => {
  let server: TestRedis;
  beforeAll(async () => {
    server = await testRedisServer();
    await server.start();
  });
  afterAll(() => server.stop());

  const tries = async (throttle: Throttle, email: string) => {
    for (let count = 0; count < 12; count++) {
      await throttle.check(email, address);
      await throttle.count(email, address);
    }
    await throttle.succeeded(email, address);
  };

  test("not when it is away", async () => {
    const redis = createRedis("redis://127.0.0.1:1", silentLog);
    redis.connect().catch(() => {});
    await tries(loginThrottle(redis, silentLog), anEmail());
    redis.destroy();
  });

  test("not when it hangs, and then nobody waits for it", async () => {
    const redis = createRedis(server.url, silentLog);
    await redis.connect();
    const throttle = loginThrottle(redis, silentLog);
    server.hang();
    await tries(throttle, anEmail());
    server.resume();
    redis.destroy();
  }, 20_000);
});
