import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { eventually } from "../testing/eventually";
import { silentLog } from "../testing/log";
import { aMessage, type TestQueue, type TestType, testCatalogue, testQueue } from "../testing/queue";
import { testRedisServer } from "../testing/redis-server";
import { testRedisUrl } from "../testing/stores";
import { createPublisher, type Publisher } from "./publisher";

const redisUrl = testRedisUrl(7);
const outgoing = (type: TestType, subject?: string, n?: number) => {
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
  test("adds a message unchanged to every queue it is sent to", async () => {
    const both = outgoing("to.both");
    await publisher.publish([both, outgoing("to.nobody")]);
    for (const queue of [queues.a, queues.b]) {
      const [job] = await queue.waiting();
      expect(job).toMatchObject({ id: both.jobId, name: "to.both", data: both.message });
    }
  });
  test("an empty list resolves at once", async () => {
    await publisher.publish([]);
  });
  test("a message of unknown type adds no job", async () => {
    const message = aMessage("to.mars");
    await publisher.publish([{ message, jobId: message.id }]);
    expect(await queues.a.waiting()).toHaveLength(0);
  });
  test("the same job id twice adds one job, another id adds another", async () => {
    const once = outgoing("to.a");
    await publisher.publish([once, once]);
    await publisher.publish([once]);
    expect(await queues.a.waiting()).toHaveLength(1);
    await publisher.publish([{ ...once, jobId: `${once.jobId}-copy` }]);
    expect(await queues.a.waiting()).toHaveLength(2);
  });
  test("keeps the order of a subject, within one call and across calls at the same time", async () => {
    await publisher.publish([1, 2, 3].map((n) => outgoing("to.a", "s1", n)));
    await Promise.all([4, 5, 6, 7].map((n) => publisher.publish([outgoing(n % 2 ? "to.a" : "to.both", "s1", n)])));
    expect(await numbersIn(queues.a)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(await numbersIn(queues.b)).toEqual([4, 6]);
  });
  test("sends more messages than fit into a batch, in order", async () => {
    const many = Array.from({ length: 1_200 }, (_, index) => outgoing("to.a", `s${index % 3}`, index));
    await publisher.publish(many);
    expect(await numbersIn(queues.a)).toEqual(many.map((item) => item.message.sequence));
  });
  test("adds an earlier message of a subject to its queue before a later one to another queue", async () => {
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
      await publisher.publish(script.map(([type, n]) => outgoing(type, `round-${round}`, n)));
    const addedAt = new Map<string, number>();
    // BullMQ sets a job's timestamp when it is added. Jobs of one batch may have the same one, so the order in the queues is
    // compared below.
    for (const job of [...(await queues.a.waiting()), ...(await queues.b.waiting())])
      addedAt.set(
        `${job.data.subject} ${job.data.sequence}`,
        Math.max(job.timestamp, addedAt.get(`${job.data.subject} ${job.data.sequence}`) ?? 0),
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
        expect(addedAt.get(`round-${round} ${earlier}`)).toBeLessThanOrEqual(
          addedAt.get(`round-${round} ${later}`) as number,
        );
    expect((await numbersIn(queues.a)).slice(0, 5)).toEqual([1, 3, 6, 7, 8]);
    expect((await numbersIn(queues.b)).slice(0, 3)).toEqual([2, 5, 7]);
  });
  test("fails after closing, and closing twice is harmless", async () => {
    await publisher.close();
    await expect(publisher.publish([outgoing("to.a")])).rejects.toThrow();
    expect(publisher.connected()).toBe(false);
  });
});

describe("without Redis", () => {
  test("a publish fails at once and keeps nothing in memory; it works again when Redis is back", async () => {
    const redis = await testRedisServer();
    const { a, b, catalogue } = testCatalogue();
    await redis.start();
    const own = createPublisher({ redisUrl: redis.url, catalogue, log: silentLog });
    await eventually(own.connected);
    const first = outgoing("to.a", "s1", 1);
    await own.publish([first]);

    await redis.kill();
    await eventually(() => !own.connected());
    const results = await Promise.allSettled([
      own.publish([outgoing("to.a", "s1", 2)]),
      own.publish([outgoing("to.b", "s1", 3)]),
    ]);
    expect(results.map((result) => result.status)).toEqual(["rejected", "rejected"]);

    await redis.start();
    await eventually(own.connected);
    // Queue b is used for the first time; for queue a, the restarted Redis has lost BullMQ's scripts.
    await own.publish([outgoing("to.a", "s1", 4), outgoing("to.b", "s1", 5)]);
    const restored = { a: testQueue(a, redis.url), b: testQueue(b, redis.url) };
    expect(await numbersIn(restored.a)).toEqual([1, 4]);
    expect(await numbersIn(restored.b)).toEqual([5]);
    await restored.a.close();
    await restored.b.close();
    await own.close();
    await redis.stop();
  }, 30_000);

  test("a publish fails before Redis has ever been up, and works once it is", async () => {
    const redis = await testRedisServer();
    const { catalogue } = testCatalogue();
    const own = createPublisher({ redisUrl: redis.url, catalogue, log: silentLog });
    expect(own.connected()).toBe(false);
    await expect(own.publish([outgoing("to.a")])).rejects.toThrow("cannot be reached");
    await redis.start();
    await eventually(own.connected);
    await own.publish([outgoing("to.a")]);
    await own.close();
    await redis.stop();
  }, 30_000);

  test("a publish fails within seconds while Redis hangs, and works when it resumes", async () => {
    const redis = await testRedisServer();
    const { catalogue } = testCatalogue();
    await redis.start();
    const own = createPublisher({ redisUrl: redis.url, catalogue, log: silentLog });
    await eventually(own.connected);
    redis.hang();
    // For the first publish to a queue, BullMQ queries the version of Redis before it adds a job.
    await expect(own.publish([outgoing("to.a")])).rejects.toThrow();
    redis.resume();
    await eventually(() => own.publish([outgoing("to.a")]).then(() => true));
    await own.close();
    await redis.stop();
  }, 40_000);

  test("closing does not wait for Redis", async () => {
    const redis = await testRedisServer();
    const { catalogue } = testCatalogue();
    await redis.start();
    const own = createPublisher({ redisUrl: redis.url, catalogue, log: silentLog });
    await eventually(own.connected);
    await own.publish([outgoing("to.a")]);
    await redis.kill();
    await own.close();
    await redis.stop();
  }, 30_000);
});
