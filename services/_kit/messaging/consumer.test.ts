import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { UnrecoverableError } from "bullmq";
import { Redis } from "ioredis";
import { AppError } from "../errors/app-error";
import { bullConnection } from "../stores/redis";
import { queueDepth } from "../telemetry/metrics";
import { startTelemetry, traceId } from "../telemetry/tracing";
import { eventually } from "../testing/eventually";
import { silentLog } from "../testing/log";
import { aMessage, type TestQueue, testCatalogue, testQueue } from "../testing/queue";
import { testRedisServer } from "../testing/redis-server";
import { testRedisUrl } from "../testing/stores";
import { type Consumers, type RunningConsumer, startConsumer } from "./consumer";
import type { Message } from "./envelope";
import { createPublisher, type Publisher } from "./publisher";

await startTelemetry("test", undefined);
const redisUrl = testRedisUrl(7);
type Names = ReturnType<typeof testCatalogue>;
type Handlers = Consumers<{ seen: Message[] }, Names["catalogue"]>;

let names: Names;
let publisher: Publisher;
let queue: TestQueue;
let seen: Message[];
let running: RunningConsumer[];

beforeEach(async () => {
  names = testCatalogue();
  queue = testQueue(names.a, redisUrl);
  publisher = createPublisher({ redisUrl, catalogue: names.catalogue, log: silentLog });
  seen = [];
  running = [];
  await eventually(publisher.connected);
});
afterEach(async () => {
  await Promise.all(running.map((consumer) => consumer.close()));
  await publisher.close();
  await queue.close();
});

const remember: Handlers[keyof Handlers] = async (deps, _data, message) => void deps.seen.push(message);

function consume(
  consumers: Handlers,
  o: { redisUrl?: string; closeLimitMs?: number; concurrency?: number; measureEveryMs?: number } = {},
) {
  const consumer = startConsumer({
    queue: names.a,
    catalogue: names.catalogue,
    consumers,
    deps: { seen },
    redisUrl,
    concurrency: 4,
    log: silentLog,
    ...o,
  });
  running.push(consumer);
  return consumer;
}

const send = async (...messages: Message[]) =>
  publisher.publish(messages.map((message) => ({ message, jobId: message.id })));
const failed = () => queue.queue.getFailed();

test("the depth of the queue is measured by job state", async () => {
  const held = Promise.withResolvers<void>();
  consume(
    {
      "to.a": async () => held.promise,
      "to.both": async () => {
        throw new UnrecoverableError("cannot be handled");
      },
    },
    { concurrency: 1, measureEveryMs: 5 },
  );
  await send(aMessage("to.both"));
  await eventually(async () => (await failed()).length === 1);
  await send(aMessage("to.a"), aMessage("to.a"), aMessage("to.a"));
  const depth = async () => {
    const { values } = await queueDepth.get();
    return Object.fromEntries(
      values.filter(({ labels }) => labels.queue === names.a).map(({ labels, value }) => [labels.state, value]),
    );
  };
  const expected = { waiting: 2, active: 1, delayed: 0, failed: 1 };
  await eventually(async () => Bun.deepEquals(await depth(), expected));
  held.resolve();
  await eventually(async () => (await depth()).waiting === 0 && (await depth()).active === 0);
});

describe("a dead letter", () => {
  test("is kept for 30 days, and deleted when the next one is added", async () => {
    consume({
      "to.a": async () => {
        throw new UnrecoverableError("cannot be handled");
      },
    });
    const [old, young, next] = [aMessage("to.a"), aMessage("to.a"), aMessage("to.a")];
    await send(old, young);
    await eventually(async () => (await failed()).length === 2);
    const redis = new Redis(bullConnection(redisUrl));
    const daysAgo = (days: number) => String(Date.now() - days * 86_400_000);
    await redis.zadd(`bull:${names.a}:failed`, daysAgo(30.1), old.id, daysAgo(29.9), young.id);
    redis.disconnect();
    await send(next);
    await eventually(async () => (await failed()).some((job) => job.id === next.id));
    expect((await failed()).map((job) => job.id).toSorted()).toEqual([young.id, next.id].toSorted());
    expect(await queue.queue.getJob(old.id)).toBeUndefined();
  });
});

describe("a consumer", () => {
  test("passes dependencies, data and message to the handler", async () => {
    const message = aMessage("to.a");
    consume({ "to.a": async (deps, data, it) => void deps.seen.push({ ...it, data: { n: data.n + 1 } }) });
    await send(message);
    await eventually(() => seen.length === 1);
    expect(seen[0]).toEqual({ ...message, data: { n: 2 }, traceparent: expect.any(String) });
  });

  test("runs the handler in the trace of the message, which then names the handler's span", async () => {
    const traces: string[] = [];
    consume({ "to.a": async (_deps, _data, message) => void traces.push(traceId(), message.traceparent ?? "") });
    await send({ ...aMessage("to.a"), traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01" });
    await eventually(() => traces.length === 2);
    expect(traces).toEqual(["4bf92f3577b34da6a3ce929d0e0e4736", expect.stringContaining(traces[0] as string)]);
  });

  test("retries a message that failed", async () => {
    let attempts = 0;
    consume({
      "to.a": async (deps, _data, message) => {
        if (++attempts < 3) throw new Error("not now");
        deps.seen.push(message);
      },
    });
    await send(aMessage("to.a"));
    await eventually(() => seen.length === 1);
    expect(attempts).toBe(3);
    expect(await failed()).toHaveLength(0);
  });

  test("retries without using up attempts while a dependency is unavailable", async () => {
    const outages = [
      Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" }),
      new AppError("order.unavailable", { kind: "unavailable", public: "The order service is unavailable." }),
    ];
    consume({
      "to.a": async (deps, _data, message) => {
        const error = outages.pop();
        if (error) throw error;
        deps.seen.push(message);
      },
    });
    await queue.queue.add("to.a", aMessage("to.a"), { attempts: 1 });
    await eventually(() => seen.length === 1);
    expect(await failed()).toHaveLength(0);
  });

  test("handles other messages while one fails", async () => {
    consume({
      "to.a": async (deps, data, message) => {
        if (data.n === 0) throw new Error("always fails");
        deps.seen.push(message);
      },
    });
    await send(aMessage("to.a", "s1", 0), aMessage("to.a", "s2", 1), aMessage("to.a", "s3", 2));
    await eventually(() => seen.length === 2);
  });

  describe("dead-letters at once, with the reason:", () => {
    const cases: [string, () => Message, RegExp][] = [
      ["a type without a handler here", () => aMessage("to.both"), /no consumer for to.both/],
      ["an unknown type", () => aMessage("to.mars"), /no consumer for to.mars/],
      ["a type that is a property of every object", () => aMessage("constructor"), /no consumer for constructor/],
      ["data that violates its schema", () => aMessage("to.a", "s1", "one"), /\/n/],
      ["a message without data", () => ({ ...aMessage("to.a"), data: undefined }), /to.a/],
      ["a job without a message", () => null as unknown as Message, /no consumer/],
    ];
    test.each(cases)("%s", async (_what, make, reason) => {
      consume({ "to.a": remember });
      await queue.queue.add("x", make(), { attempts: 12, backoff: 10 });
      const [job] = await eventually(async () => {
        const jobs = await failed();
        return jobs.length > 0 ? jobs : undefined;
      });
      expect(job?.failedReason).toMatch(reason);
      expect(job?.attemptsMade).toBe(1);
      expect(seen).toHaveLength(0);
    });
  });
});

describe("closing", () => {
  test("waits for the message under way and takes no other", async () => {
    const started = Promise.withResolvers<void>();
    const consumer = consume(
      {
        "to.a": async (deps, _data, message) => {
          started.resolve();
          await Bun.sleep(200);
          deps.seen.push(message);
        },
      },
      { concurrency: 1 },
    );
    await send(aMessage("to.a"), aMessage("to.a"));
    await started.promise;
    await consumer.close();
    expect(seen).toHaveLength(1);
    expect(await queue.waiting()).toHaveLength(1);
    expect(await queue.queue.getActiveCount()).toBe(0);
  });

  test("does not wait longer than its limit for a message that hangs", async () => {
    const started = Promise.withResolvers<void>();
    const consumer = consume(
      {
        "to.a": async () => {
          started.resolve();
          await new Promise(() => {});
        },
      },
      { closeLimitMs: 100 },
    );
    await send(aMessage("to.a"));
    await started.promise;
    await consumer.close();
  });
});

test("a message whose worker was killed is handled by another worker within 10 s", async () => {
  const child = Bun.spawn([process.execPath, `${import.meta.dir}/../testing/children/worker.ts`], {
    env: { ...process.env, QUEUE: names.a, REDIS: redisUrl },
    stdout: "pipe",
    stderr: "inherit",
  });
  const message = aMessage("to.a");
  await send(message);
  expect(new TextDecoder().decode((await child.stdout.getReader().read()).value)).toBe("taken\n");
  child.kill("SIGKILL");
  await child.exited;
  consume({ "to.a": remember });
  await eventually(() => seen.length > 0, 10_000);
  expect(seen.map((it) => it.id)).toEqual([message.id]);
}, 20_000);

describe("without Redis", () => {
  const consumers = { "to.a": remember } satisfies Handlers;
  const publishTo = async (url: string, message: Message) => {
    const other = createPublisher({ redisUrl: url, catalogue: names.catalogue, log: silentLog });
    await eventually(other.connected);
    await other.publish([{ message, jobId: message.id }]);
    await other.close();
  };

  test("a consumer waits until Redis is up, and continues after Redis was restarted", async () => {
    const redis = await testRedisServer();
    consume(consumers, { redisUrl: redis.url });
    await redis.start();
    await publishTo(redis.url, aMessage("to.a", "s1", 1));
    await eventually(() => seen.length === 1);

    await redis.kill();
    await redis.start();
    await publishTo(redis.url, aMessage("to.a", "s1", 2));
    await eventually(() => seen.length === 2);
    expect(seen.map((message) => message.sequence)).toEqual([1, 2]);
    await running[0]?.close();
    await redis.stop();
  }, 40_000);

  test.each([
    ["was killed", "kill"],
    ["hangs", "hang"],
  ] as const)(
    "a consumer closes when Redis %s",
    async (_how, outage) => {
      const redis = await testRedisServer();
      await redis.start();
      const consumer = consume(consumers, { redisUrl: redis.url });
      await publishTo(redis.url, aMessage("to.a"));
      await eventually(() => seen.length === 1);
      await redis[outage]();
      await consumer.close();
      redis.resume();
      await redis.stop();
    },
    30_000,
  );

  test("a consumer closes when Redis was never up", async () => {
    const redis = await testRedisServer();
    const consumer = consume(consumers, { redisUrl: redis.url });
    await consumer.close();
  }, 30_000);
});
