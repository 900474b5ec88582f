import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { createRedis } from "@shop/kit/stores/redis";
import { silentLog } from "@shop/kit/testing/log";
import { type TestRedis, testRedisServer } from "@shop/kit/testing/redis-server";
import type { LoginThrottle } from "../deps";
import { anEmail, redisUrl } from "../testing/user-service";
import { loginThrottle } from "./login-throttle";

const clientAddress = "198.51.100.7";

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

  test("a hundred attempts from one client address block it for every account; other addresses are not affected", async () => {
    for (let attempt = 0; attempt < 100; attempt++) await throttle.countAttempt(anEmail(), clientAddress);
    await expect(throttle.check(anEmail(), clientAddress)).rejects.toMatchObject({ code: "auth.throttled" });
    await expect(throttle.countAttempt(anEmail(), clientAddress)).rejects.toMatchObject({ code: "auth.throttled" });
    await throttle.check(anEmail(), "198.51.100.8");
  });

  test("successful logins neither add to the client address's count nor reset it", async () => {
    for (let attempt = 0; attempt < 99; attempt++) await throttle.countAttempt(anEmail(), clientAddress);
    for (let attempt = 0; attempt < 5; attempt++) {
      const email = anEmail();
      await throttle.countAttempt(email, clientAddress);
      await throttle.recordSuccess(email, clientAddress);
    }
    await throttle.check(anEmail(), clientAddress);
    await throttle.countAttempt(anEmail(), clientAddress);
    await expect(throttle.check(anEmail(), clientAddress)).rejects.toMatchObject({ kind: "throttled" });
  });

  test("counts expire after 15 minutes, and their keys contain no e-mail address", async () => {
    const email = anEmail();
    await throttle.countAttempt(email, clientAddress);
    await throttle.recordSuccess(email, clientAddress);
    await throttle.countAttempt(email, clientAddress);
    const keys = await redis.keys("*");
    expect(keys).toHaveLength(2);
    for (const key of keys) {
      expect(await redis.ttl(key)).toBeWithin(880, 901);
      expect(key).not.toContain(email);
    }
  });
});

describe("without Redis", () => {
  let server: TestRedis;
  beforeAll(async () => {
    server = await testRedisServer();
    await server.start();
  });
  afterAll(() => server.stop());

  const attemptLogins = async (throttle: LoginThrottle, email: string) => {
    for (let count = 0; count < 12; count++) {
      await throttle.check(email, clientAddress);
      await throttle.countAttempt(email, clientAddress);
    }
    await throttle.recordSuccess(email, clientAddress);
  };

  test("logins are not limited while Redis is unreachable", async () => {
    const redis = createRedis("redis://127.0.0.1:1", silentLog);
    redis.connect().catch(() => {});
    await attemptLogins(loginThrottle(redis, silentLog), anEmail());
    redis.destroy();
  });

  test("logins are not limited, and not delayed for long, while Redis hangs", async () => {
    const redis = createRedis(server.url, silentLog);
    await redis.connect();
    const throttle = loginThrottle(redis, silentLog);
    server.hang();
    await attemptLogins(throttle, anEmail());
    server.resume();
    redis.destroy();
  }, 20_000);
});
