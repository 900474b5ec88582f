import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { Worker } from "bullmq";
import { Redis } from "ioredis";
import { bullConnection } from "../stores/redis";
import { eventually } from "../testing/eventually";
import { silentLog } from "../testing/log";
import { aMessage, type TestQueue, type TestType, testCatalogue, testQueue } from "../testing/queue";
import { testRedisServer } from "../testing/redis-server";
import { testRedisUrl } from "../testing/stores";
import { createPublisher, type Publisher } from "./publisher";

const redisUrl = testRedisUrl(7);
const out = (type: TestType, subject?: string, n?: number) => {
  const message = aMessage(type, subject, n);
  return { message, jobId: message.id };
};
let names: ReturnType<typeof testCatalogue>;
let publisher: Publisher;
let queues: { a: TestQueue; b: TestQueue };

beforeEach(async () => {
  names = testCatalogue();
  publisher = createPublisher({ redisUrl, catalogue: names.catalogue, log: silentLog });
  queues = { a: testQueue(names.a, redisUrl), b: testQueue(names.b, redisUrl) };
  await eventually(publisher.connected);
});
afterEach(async () => {
  await publisher.close();
  await queues.a.close();
  await queues.b.close();
});

const numbersIn = async (queue: TestQueue) => (await queue.waiting()).map((job) => job.data.sequence);

describe("publishing", () => {
  test("puts a message into every queue it goes to, as it is", async () => {
    const both = out("to.both");
    await publisher.publish([both, out("to.nobody")]);
    for (const queue of [queues.a, queues.b]) {
      const [job] = await queue.waiting();
      expect(job).toMatchObject({ id: both.jobId, name: "to.both", data: both.message });
    }
  });
  test("of nothing is done at once", async () => {
    await publisher.publish([]);
  });
  test("of a type nobody knows goes nowhere", async () => {
    const message = aMessage("to.mars");
    await publisher.publish([{ message, jobId: message.id }]);
    expect(await queues.a.waiting()).toHaveLength(0);
  });
  test("the same job twice is one job", async () => {
    const once = out("to.a");
    await publisher.publish([once, once]);
    await publisher.publish([once]);
    expect(await queues.a.waiting()).toHaveLength(1);
    await publisher.publish([{ ...once, jobId: `${once.jobId}-again` }]);
    expect(await queues.a.waiting()).toHaveLength(2);
  });
  test("keeps the order of a subject, in one call and in many at the same time", async () => {
    await publisher.publish([1, 2, 3].map((n) => out("to.a", "s1", n)));
    await Promise.all([4, 5, 6, 7].map((n) => publisher.publish([out(n % 2 ? "to.a" : "to.both", "s1", n)])));
    expect(await numbersIn(queues.a)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(await numbersIn(queues.b)).toEqual([4, 6]);
  });
  test("takes more at once than fits into a batch, in order", async () => {
    const many = Array.from({ length: 1_200 }, (_, index) => out("to.a", `s${index % 3}`, index));
    await publisher.publish(many);
    expect(await numbersIn(queues.a)).toEqual(many.map((item) => item.message.sequence));
  });
  test("a subject's later message is never in a queue before an earlier one is in another", async () => {
    const script: [TestType, number][] = [
      ["to.a", 1],
      ["to.b", 2],
      ["to.a", 3],
      ["to.nobody", 4],
      ["to.b", 5],
      ["to.a", 6],
      ["to.both", 7],
      ["to.a", 8],
    ];
    for (let round = 0; round < 20; round++)
      await publisher.publish(script.map(([type, n]) => out(type, `round-${round}`, n)));
    const at = new Map<string, number>();
    // BullMQ stamps each job when it is added; the queue's own order stands for jobs of the same batch.
    for (const job of [...(await queues.a.waiting()), ...(await queues.b.waiting())])
      at.set(
        `${job.data.subject} ${job.data.sequence}`,
        Math.max(job.timestamp, at.get(`${job.data.subject} ${job.data.sequence}`) ?? 0),
      );
    for (let round = 0; round < 20; round++)
      for (const [earlier, later] of [
        [1, 2],
        [2, 3],
        [3, 5],
        [5, 6],
        [6, 7],
        [7, 8],
      ])
        expect(at.get(`round-${round} ${earlier}`)).toBeLessThanOrEqual(at.get(`round-${round} ${later}`) as number);
    expect((await numbersIn(queues.a)).slice(0, 5)).toEqual([1, 3, 6, 7, 8]);
    expect((await numbersIn(queues.b)).slice(0, 3)).toEqual([2, 5, 7]);
  });
  test("after closing fails, and closing twice does no harm", async () => {
    await publisher.close();
    expect(publisher.publish([out("to.a")])).rejects.toThrow();
    expect(publisher.connected()).toBe(false);
  });
});

describe("a sample of the queues", () => {
  test("says when the oldest job that is not finished was sent, wherever it is", async () => {
    const { a, b, catalogue } = testCatalogue();
    const own = createPublisher({ redisUrl, catalogue, log: silentLog });
    await eventually(own.connected);
    const oldest = async (queue: string) => (await own.snapshot()).oldest.get(queue);
    expect(await oldest(a)).toBe(Number.POSITIVE_INFINITY);
    const looks = { a: testQueue(a, redisUrl), b: testQueue(b, redisUrl) };
    const sent = async (look: TestQueue, timestamp: number, delay = 0) => {
      await look.queue.add("to.a", aMessage("to.a"), { timestamp, delay, jobId: `${timestamp}-x` });
    };
    await sent(looks.a, 5_000);
    await sent(looks.b, 4_000);
    expect([await oldest(a), await oldest(b)]).toEqual([5_000, 4_000]);
    await sent(looks.a, 3_000, 1e12); // a delayed one
    expect(await oldest(a)).toBe(3_000);
    const { promise: started, resolve } = Promise.withResolvers<void>();
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    const worker = new Worker(
      b,
      () => {
        resolve();
        return ended;
      },
      {
        connection: { ...bullConnection(redisUrl), maxRetriesPerRequest: null },
      },
    );
    await started;
    await looks.a.queue.drain(true);
    expect([await oldest(a), await oldest(b)]).toEqual([Number.POSITIVE_INFINITY, 4_000]); // under way
    end();
    await eventually(async () => (await oldest(b)) === Number.POSITIVE_INFINITY);
    await worker.close();
    await own.close();
    await Promise.all([looks.a.close(), looks.b.close()]);
  });
  test("does not look at more than a few thousand", async () => {
    const { a, catalogue } = testCatalogue();
    const own = createPublisher({ redisUrl, catalogue, log: silentLog });
    await eventually(own.connected);
    await own.publish(Array.from({ length: 1_001 }, (_, n) => out("to.a", `s${n}`, n)));
    expect((await own.snapshot()).oldest.get(a)).toBe(0);
    await own.close();
    await testQueue(a, redisUrl).close();
  });
  test("knows a Redis that was emptied, and one that was started again, from the one it was", async () => {
    const redis = await testRedisServer();
    await redis.start();
    const own = createPublisher({ redisUrl: redis.url, catalogue: testCatalogue().catalogue, log: silentLog });
    await eventually(own.connected);
    const identity = async () => (await own.snapshot()).identity;
    const first = await identity();
    expect(await identity()).toBe(first);
    const admin = new Redis(redis.url);
    await admin.flushall();
    const second = await identity();
    expect(second).not.toBe(first);
    await admin.quit();
    await redis.kill();
    await redis.start();
    await eventually(own.connected);
    expect(await identity()).not.toBe(second);
    await redis.kill();
    await eventually(() => !own.connected());
    await expect(own.snapshot()).rejects.toThrow();
    await own.close();
    await redis.stop();
  }, 30_000);
});

describe("without Redis", () => {
  test("a publish fails at once and keeps nothing; when Redis is back it works again by itself", async () => {
    const redis = await testRedisServer();
    const { a, b, catalogue } = testCatalogue();
    await redis.start();
    const away = createPublisher({ redisUrl: redis.url, catalogue, log: silentLog });
    await eventually(away.connected);
    const first = out("to.a", "s1", 1);
    await away.publish([first]);

    await redis.kill();
    await eventually(() => !away.connected());
    const results = await Promise.allSettled([
      away.publish([out("to.a", "s1", 2)]),
      away.publish([out("to.b", "s1", 3)]),
    ]);
    expect(results.map((result) => result.status)).toEqual(["rejected", "rejected"]);

    await redis.start();
    await eventually(away.connected);
    // Also into a queue that is used for the first time, and one whose scripts Redis has forgotten.
    await away.publish([out("to.a", "s1", 4), out("to.b", "s1", 5)]);
    const seen = { a: testQueue(a, redis.url), b: testQueue(b, redis.url) };
    expect(await numbersIn(seen.a)).toEqual([1, 4]);
    expect(await numbersIn(seen.b)).toEqual([5]);
    await seen.a.close();
    await seen.b.close();
    await away.close();
    await redis.stop();
  }, 30_000);

  test("that was never there a publish fails, and works once it comes", async () => {
    const redis = await testRedisServer();
    const { catalogue } = testCatalogue();
    const early = createPublisher({ redisUrl: redis.url, catalogue, log: silentLog });
    expect(early.connected()).toBe(false);
    await expect(early.publish([out("to.a")])).rejects.toThrow("cannot be reached");
    await redis.start();
    await eventually(early.connected);
    await early.publish([out("to.a")]);
    await early.close();
    await redis.stop();
  }, 30_000);

  test("that hangs a publish fails in seconds, and works when it goes on", async () => {
    const redis = await testRedisServer();
    const { catalogue } = testCatalogue();
    await redis.start();
    const stuck = createPublisher({ redisUrl: redis.url, catalogue, log: silentLog });
    await eventually(stuck.connected);
    redis.hang();
    // The first publish into a queue: BullMQ asks Redis who it is before it sends anything.
    await expect(stuck.publish([out("to.a")])).rejects.toThrow();
    redis.resume();
    await eventually(() => stuck.publish([out("to.a")]).then(() => true));
    await stuck.close();
    await redis.stop();
  }, 40_000);

  test("closing does not wait for it", async () => {
    const redis = await testRedisServer();
    const { catalogue } = testCatalogue();
    await redis.start();
    const left = createPublisher({ redisUrl: redis.url, catalogue, log: silentLog });
    await eventually(left.connected);
    await left.publish([out("to.a")]);
    await redis.kill();
    await left.close();
    await redis.stop();
  }, 30_000);
});
