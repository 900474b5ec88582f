import { describe, expect, test } from "bun:test";
import { Worker } from "bullmq";
import { Redis } from "ioredis";
import { bullConnection } from "../stores/redis";
import { eventually } from "../testing/eventually";
import { silentLog } from "../testing/log";
import { aMessage, type TestQueue, testCatalogue, testQueue } from "../testing/queue";
import { testRedisServer } from "../testing/redis-server";
import { testRedisUrl } from "../testing/stores";
import { createPublisher } from "./publisher";

const redisUrl = testRedisUrl(7);

describe("a queue snapshot", () => {
  test("has the time at which the oldest waiting, delayed or active job of each queue was sent", async () => {
    const { a, b, catalogue } = testCatalogue();
    const publisher = createPublisher({ redisUrl, catalogue, log: silentLog });
    await eventually(publisher.connected);
    const oldest = async (queue: string) => (await publisher.snapshot()).oldest.get(queue);
    expect(await oldest(a)).toBe(Number.POSITIVE_INFINITY);
    const queues = { a: testQueue(a, redisUrl), b: testQueue(b, redisUrl) };
    const send = async (to: TestQueue, timestamp: number, delay = 0) => {
      await to.queue.add("to.a", aMessage("to.a"), { timestamp, delay, jobId: `${timestamp}-x` });
    };
    await send(queues.a, 5_000);
    await send(queues.b, 4_000);
    expect([await oldest(a), await oldest(b)]).toEqual([5_000, 4_000]);
    await send(queues.a, 3_000, 1e12); // delayed
    expect(await oldest(a)).toBe(3_000);
    const { promise: started, resolve: start } = Promise.withResolvers<void>();
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    const worker = new Worker(
      b,
      () => {
        start();
        return ended;
      },
      {
        connection: { ...bullConnection(redisUrl), maxRetriesPerRequest: null },
      },
    );
    await started;
    await queues.a.queue.drain(true);
    expect([await oldest(a), await oldest(b)]).toEqual([Number.POSITIVE_INFINITY, 4_000]); // the job of b is active
    end();
    await eventually(async () => (await oldest(b)) === Number.POSITIVE_INFINITY);
    await worker.close();
    await publisher.close();
    await Promise.all([queues.a.close(), queues.b.close()]);
  });
  test("is zero for a queue with more than 1 000 unfinished jobs", async () => {
    const { a, catalogue } = testCatalogue();
    const publisher = createPublisher({ redisUrl, catalogue, log: silentLog });
    await eventually(publisher.connected);
    const messages = Array.from({ length: 1_001 }, (_, n) => aMessage("to.a", `s${n}`, n));
    await publisher.publish(messages.map((message) => ({ message, jobId: message.id })));
    expect((await publisher.snapshot()).oldest.get(a)).toBe(0);
    await publisher.close();
    await testQueue(a, redisUrl).close();
  });
  test("has another identity after Redis was emptied and after it was restarted", async () => {
    const redis = await testRedisServer();
    await redis.start();
    const publisher = createPublisher({ redisUrl: redis.url, catalogue: testCatalogue().catalogue, log: silentLog });
    await eventually(publisher.connected);
    const identity = async () => (await publisher.snapshot()).identity;
    const first = await identity();
    expect(await identity()).toBe(first);
    const admin = new Redis(redis.url);
    await admin.flushall();
    const second = await identity();
    expect(second).not.toBe(first);
    await admin.quit();
    await redis.kill();
    await redis.start();
    await eventually(publisher.connected);
    expect(await identity()).not.toBe(second);
    await redis.kill();
    await eventually(() => !publisher.connected());
    await expect(publisher.snapshot()).rejects.toThrow();
    await publisher.close();
    await redis.stop();
  }, 30_000);
});
