import { describe, expect, test } from "bun:test";
import type { Message } from "../messaging/envelope";
import { createPublisher } from "../messaging/publisher";
import { eventually } from "../testing/eventually";
import { silentLog } from "../testing/log";
import { aMessage, testQueue } from "../testing/queue";
import { testRedisUrl } from "../testing/stores";
import { postgresFixture, type TestOutbox } from "./testing/postgres-fixture";

const { catalogue, queue, queueA, unsentCount, ...fixture } = await postgresFixture();
const { anOutbox, twoOutboxes, closeOutboxes, commit, rowCounts } = fixture;
const workWithoutMessages = async () => ({ subject: "s1", drafts: [], result: "done" });

describe("a commit", () => {
  test("stores state, message and inbox entry, then publishes and acknowledges", async () => {
    const message = aMessage("to.b");
    expect(await commit(anOutbox(), 1, { message })).toBe(1);
    await eventually(() => queue.published.length === 1);
    const [sent] = queue.published;
    expect(sent?.jobId).toBe(sent?.message.id as string);
    expect(sent?.message).toMatchObject({
      type: "to.a",
      subject: "s1",
      source: "/services/test",
      sequence: 1,
      data: { n: 1 },
    });
    expect(await rowCounts()).toEqual({ thing: 1, outbox: 1, inbox: 1 });
    await eventually(async () => (await unsentCount()) === 0);
  });
  test("that fails stores nothing and publishes nothing", async () => {
    const outbox = anOutbox();
    await commit(outbox, 1);
    await eventually(() => queue.published.length === 1);
    // Thing 1 exists already, so the insert fails.
    await expect(commit(outbox, 1, { message: aMessage("to.b") })).rejects.toThrow("thing_pkey");
    const work = async () => {
      throw new Error("refused");
    };
    await expect(outbox.commit(aMessage("to.b"), work)).rejects.toThrow("refused");
    expect(await rowCounts()).toEqual({ thing: 1, outbox: 1, inbox: 0 });
    expect(queue.published).toHaveLength(1);
  });
  test("whose messages cannot be stored stores nothing", async () => {
    const data = { n: 1, text: "\0" };
    const failing = anOutbox().commit(aMessage("to.b"), async (tx) => {
      await tx`insert into thing (n) values (7)`;
      return { subject: "s1", drafts: [{ type: "to.a", data }], result: undefined };
    });
    await expect(failing).rejects.toThrow();
    expect(await rowCounts()).toEqual({ thing: 0, outbox: 0, inbox: 0 });
  });
  test("without new messages stores only the inbox entry, and nothing if it handles no message", async () => {
    const outbox = anOutbox();
    expect(await outbox.commit(aMessage("to.b"), workWithoutMessages)).toBe("done");
    expect(await outbox.commit(undefined, workWithoutMessages)).toBe("done");
    expect(await rowCounts()).toMatchObject({ outbox: 0, inbox: 1 });
    expect(queue.published).toHaveLength(0);
  });
  test("publishes to a real queue", async () => {
    const redisUrl = testRedisUrl(7);
    const publisher = createPublisher({ redisUrl, catalogue, log: silentLog });
    await eventually(publisher.connected);
    const real = testQueue(queueA, redisUrl);
    await commit(anOutbox(publisher), 1);
    await eventually(async () => (await real.waiting()).length === 1);
    await closeOutboxes();
    await publisher.close();
    await real.close();
  });
});

describe("a message delivered twice", () => {
  test("is handled once, and its stored reply is published again under another job id", async () => {
    const outbox = anOutbox();
    const message = aMessage("to.b");
    await commit(outbox, 1, { message });
    await eventually(() => queue.published.length === 1);
    expect(await commit(outbox, 2, { message })).toBeUndefined();
    expect(await rowCounts()).toMatchObject({ thing: 1 });
    const [first, second] = queue.published;
    expect(second?.message).toEqual(first?.message as Message);
    expect(second?.jobId).toStartWith(`${first?.jobId}-`);
    expect(second?.jobId).not.toContain(":");
  });
  test("is handled once when the copies arrive at the same time", async () => {
    const message = aMessage("to.b");
    const [one, other] = twoOutboxes();
    const results = await Promise.all(
      Array.from({ length: 10 }, (_, n) => commit(n % 2 ? other : one, n, { message })),
    );
    expect(results.filter((result) => result !== undefined)).toHaveLength(1);
    expect(await rowCounts()).toEqual({ thing: 1, outbox: 1, inbox: 1 });
    await eventually(() => queue.published.length >= 10);
    expect(new Set(queue.published.map((item) => item.message.id)).size).toBe(1);
  });
  test("waits for the transaction that handles the first copy, and publishes its reply", async () => {
    const message = aMessage("to.b");
    const bothStarted = Promise.withResolvers<void>();
    let started = 0;
    const handle = (outbox: TestOutbox, n: number) =>
      outbox.commit(message, async () => {
        if (++started === 2) bothStarted.resolve();
        await bothStarted.promise;
        return { subject: "s1", drafts: [{ type: "to.a", data: { n } }], result: n };
      });
    const results = await Promise.all([handle(anOutbox(), 1), handle(anOutbox(), 2)]);
    const committed = results.filter((result) => result !== undefined) as number[];
    expect(committed).toHaveLength(1);
    await eventually(() => queue.published.length >= 2);
    expect(new Set(queue.numbers())).toEqual(new Set(committed));
  });
  test("fails while its reply cannot be published, so that it is retried", async () => {
    const outbox = anOutbox();
    const message = aMessage("to.b");
    await commit(outbox, 1, { message });
    await eventually(async () => (await unsentCount()) === 0);
    queue.mode = "failing";
    await expect(commit(outbox, 2, { message })).rejects.toThrow("Redis is unavailable");
    queue.mode = "up";
    expect(await commit(outbox, 2, { message })).toBeUndefined();
    expect(queue.numbers()).toEqual([1, 1]);
  });
  test("is handled once if it has no reply", async () => {
    const outbox = anOutbox();
    const message = aMessage("to.b");
    await outbox.commit(message, workWithoutMessages);
    expect(await outbox.commit(message, workWithoutMessages)).toBeUndefined();
  });
});

describe("many messages in one transaction", () => {
  /** Each message stores its own thing and sends two messages about its own subject. */
  const commitAll = (outbox: TestOutbox, messages: Message[]) =>
    outbox.commitAll(messages, async (tx, fresh) => {
      const inOrder = fresh.map((message) => message.sequence).toSorted((x, y) => x - y);
      for (const n of inOrder) await tx`insert into thing (n) values (${n})`;
      return fresh.map((message) => ({
        message,
        subject: message.subject,
        drafts: [
          { type: "to.a", data: { n: message.sequence } },
          { type: "to.b", data: { n: message.sequence } },
        ],
        traceparent: message.traceparent,
      }));
    });
  const several = (count: number, from = 0) =>
    Array.from({ length: count }, (_, n) => aMessage("to.b", `subject-${from + n}`, from + n));

  test("are each stored with their own reply", async () => {
    const outbox = anOutbox();
    const messages = several(5);
    expect(await commitAll(outbox, messages)).toEqual(new Set());
    await eventually(() => queue.published.length === 10);
    expect(await rowCounts()).toEqual({ thing: 5, outbox: 10, inbox: 5 });
    queue.published.length = 0;
    const [third] = messages.slice(2, 3) as [Message];
    expect(await commitAll(outbox, [third])).toEqual(new Set([third.id]));
    expect(queue.published.map(({ message }) => [message.subject, message.type])).toEqual([
      ["subject-2", "to.a"],
      ["subject-2", "to.b"],
    ]);
  });
  test("are each answered in their own trace", async () => {
    const traceparents = [1, 2, 3].map((n) => `00-${String(n).repeat(32)}-00f067aa0ba902b7-01`);
    const messages = several(3).map((message, n) => ({ ...message, traceparent: traceparents[n] }));
    await commitAll(anOutbox(), messages);
    await eventually(() => queue.published.length === 6);
    const sent = queue.published.map(({ message }) => [message.subject, message.traceparent]);
    expect(new Map(sent as [string, string][])).toEqual(
      new Map(messages.map(({ subject, traceparent }) => [subject, traceparent as string])),
    );
  });
  test("do not include those that were handled before", async () => {
    const outbox = anOutbox();
    const messages = several(3);
    await commitAll(outbox, messages);
    expect(await commitAll(outbox, [...messages, ...several(2, 3)])).toEqual(
      new Set(messages.map((message) => message.id)),
    );
    expect(await rowCounts()).toMatchObject({ thing: 5, inbox: 5 });
  });
  test("are all rolled back if one fails", async () => {
    const outbox = anOutbox();
    const [first] = several(1) as [Message];
    await commitAll(outbox, [first]);
    // The last message stores the same thing as the first.
    await expect(commitAll(outbox, [...several(2, 1), aMessage("to.b", "s", 0)])).rejects.toThrow("thing_pkey");
    expect(await rowCounts()).toEqual({ thing: 1, outbox: 2, inbox: 1 });
  });
  test("are handled once each, without deadlock, by two processes in any order", async () => {
    const [one, other] = twoOutboxes();
    for (let round = 0; round < 10; round++) {
      const messages = several(8, round * 8);
      const batches = [messages, messages.toReversed(), messages.toReversed(), messages];
      await Promise.all(
        batches.map(async (batch, n) => {
          const outbox = n % 2 ? other : one;
          // A consumer retries a batch that failed as a whole.
          await commitAll(outbox, batch).catch(() => commitAll(outbox, batch));
        }),
      );
    }
    expect(await rowCounts()).toEqual({ thing: 80, outbox: 160, inbox: 80 });
  });
});
