import { describe, expect, test } from "bun:test";
import { eventually } from "../testing/eventually";
import { silentLog } from "../testing/log";
import { testRedisServer } from "../testing/redis-server";
import { bullConnection, createRedis } from "./redis";

describe("a Redis URL", () => {
  test.each([
    ["redis://h", { host: "h", port: 6379, username: undefined, password: undefined, db: 0 }],
    ["redis://u:p%40ss@h:6380/7", { host: "h", port: 6380, username: "u", password: "p@ss", db: 7 }],
    ["rediss://:secret@h", { host: "h", port: 6379, password: "secret", db: 0, tls: {} }],
  ])("%s becomes BullMQ options", (url, options) => expect(bullConnection(url)).toMatchObject(options));
  test("without TLS has no tls option", () => expect(bullConnection("redis://h")).not.toHaveProperty("tls"));
});

test("while Redis is down commands fail at once; when it is back the client reconnects", async () => {
  const redis = await testRedisServer();
  await redis.start();
  const client = createRedis(redis.url, silentLog);
  await client.connect();
  await client.set("a", "1");
  await redis.kill();
  await eventually(() => !client.isReady);
  await expect(client.get("a")).rejects.toThrow();
  await redis.start();
  expect(await eventually(() => client.get("a"))).toBe("1");
  client.destroy();
  await redis.stop();
}, 30_000);
