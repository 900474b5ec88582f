import { describe, expect, test } from "bun:test";
import { plusSeconds } from "../clock";
import { eventually } from "../testing/eventually";
import { graceSeconds } from "./mongo";
import { draft, mongoFixture, type TestDocument } from "./testing/mongo-fixture";

const { docs, queue, clock, givenUp, queueA, emptyQueues, ...fixture } = await mongoFixture();
const { anOutbox, closeOutboxes, insert, read, snapshotSeen } = fixture;

/** A document whose messages are sent and whose saga waits for a reply to `to.a`, which is due. */
const waiting = (fields: Partial<TestDocument> = {}) => ({
  sentSeq: 2,
  wakeAt: clock.now(),
  pendingType: "to.a",
  nextWakeAt: clock.now(),
  ...fields,
});

describe("the sweep", () => {
  test("publishes a document only after the grace period of its writer", async () => {
    const outbox = anOutbox();
    const early = await insert(outbox, [draft(1)], { wakeAt: clock.now() });
    const doc = await insert(outbox, [draft(2)]);
    await eventually(async () => (await read(early)).sentSeq === 2);
    expect(queue.numbers()).toEqual([1]);
    clock.advance(graceSeconds);
    await eventually(async () => (await read(doc)).sentSeq === 2);
    expect(queue.numbers()).toEqual([1, 2]);
  });
  test("of two processes publishes each document once", async () => {
    anOutbox();
    const outbox = anOutbox();
    const inserted = await Promise.all(
      Array.from({ length: 30 }, (_, n) => insert(outbox, [draft(n)], { wakeAt: clock.now() })),
    );
    await eventually(async () => (await docs.countDocuments({ sentSeq: 2 })) === inserted.length);
    expect(queue.numbers().toSorted((a, b) => a - b)).toEqual(inserted.map((_, n) => n));
  });
  test("retries after a publish failed", async () => {
    queue.mode = "failing";
    const outbox = anOutbox();
    const doc = await insert(outbox, [draft(1)], { wakeAt: clock.now() });
    await eventually(() => queue.failures > 0);
    queue.mode = "up";
    clock.advance(10);
    await eventually(async () => (await read(doc)).sentSeq === 2);
    expect(queue.numbers()).toEqual([1]);
  });
  test("acknowledges a document whose history has notes only", async () => {
    const doc = await insert(anOutbox(), [], { wakeAt: clock.now() });
    const after = await eventually(async () => {
      const current = await read(doc);
      return current.wakeAt === undefined ? current : undefined;
    });
    expect(after.sentSeq).toBe(1);
    expect(queue.published).toEqual([]);
  });
  test("stops visiting a document that has nothing to send and waits for nothing", async () => {
    const doc = await insert(anOutbox(), [draft(1)], { sentSeq: 2, wakeAt: clock.now() });
    await eventually(async () => (await read(doc)).wakeAt === undefined);
    expect(queue.published).toEqual([]);
  });
  test("postpones a waiting document until its reply is due", async () => {
    const nextWakeAt = plusSeconds(clock.now(), 10);
    const doc = await insert(anOutbox(), [draft(1)], waiting({ nextWakeAt }));
    await eventually(async () => (await read(doc)).wakeAt?.getTime() === nextWakeAt.getTime());
    expect(queue.published).toEqual([]);
  });
  test("retries the pending command: the same message under another job id", async () => {
    const outbox = anOutbox();
    const drafts = [draft(1, "to.b"), draft(2, "to.b"), draft(3)];
    const doc = await insert(outbox, drafts, waiting({ sentSeq: 4, pendingType: "to.b" }));
    await eventually(() => queue.published.length === 1);
    const [retried] = queue.published;
    expect(retried?.message).toMatchObject({ id: doc.history[2]?.id, data: { n: 2 } });
    expect(retried?.jobId).toStartWith(`${doc.history[2]?.id}-`);
    expect(await read(doc)).toMatchObject({ wakeAt: plusSeconds(clock.now(), 10), asked: 1 });
    // The pause doubles with each retry, up to ten minutes.
    clock.advance(10);
    await eventually(async () => (await read(doc)).asked === 2);
    expect((await read(doc)).wakeAt).toEqual(plusSeconds(clock.now(), 20));
    await docs.updateOne({ _id: doc._id }, { $set: { asked: 50, wakeAt: clock.now() } });
    await eventually(async () => (await read(doc)).asked === 51);
    expect((await read(doc)).wakeAt).toEqual(plusSeconds(clock.now(), 600));
  });
  test("does not retry while the command, or its reply, may be in a queue", async () => {
    for (const busy of [queueA, "test"]) {
      queue.oldest = new Map([...emptyQueues, [busy, clock.now().getTime() - 60_000]]);
      const outbox = anOutbox();
      await snapshotSeen();
      const doc = await insert(outbox, [draft(1)], { pendingType: "to.a", nextWakeAt: plusSeconds(clock.now(), 10) });
      outbox.publishCommitted(doc);
      await eventually(() => queue.published.length === 1);
      clock.advance(11);
      await eventually(async () => ((await read(doc)).wakeAt as Date) > clock.now());
      expect((await read(doc)).asked).toBeUndefined();
      expect(queue.published).toHaveLength(1);
      queue.oldest = emptyQueues;
      await snapshotSeen();
      clock.advance(11);
      await eventually(() => queue.published.length === 2);
      queue.published = [];
      await docs.deleteMany({});
      // The next round starts without what this process remembers as sent.
      await closeOutboxes();
    }
  });
  test("gives up an overdue saga and stops retrying", async () => {
    anOutbox();
    const doc = await insert(anOutbox(), [draft(1)], waiting({ overdueAfterSeconds: 30 }));
    await eventually(async () => (await read(doc)).asked === 1);
    clock.advance(10);
    await eventually(async () => (await read(doc)).asked === 2);
    expect(await read(doc)).toMatchObject({ waitedSeconds: 30 });
    expect(givenUp.ids).toEqual([]);
    clock.advance(20);
    await eventually(() => givenUp.ids.length === 1);
    clock.advance(10);
    await eventually(async () => (await read(doc)).wakeAt === undefined);
    expect(givenUp.ids).toEqual([doc._id]);
    expect(queue.published).toHaveLength(2);
  });
  test("does not count time without a visit as waiting time", async () => {
    const doc = await insert(anOutbox(), [draft(1)], waiting({ overdueAfterSeconds: 30 }));
    await eventually(async () => (await read(doc)).asked === 1);
    clock.advance(5_000);
    await eventually(async () => (await read(doc)).asked === 2);
    expect(givenUp.ids).toEqual([]);
  });
  test("gives up an overdue saga although its command is still queued", async () => {
    queue.oldest = new Map([...emptyQueues, [queueA, 0]]);
    const outbox = anOutbox();
    await snapshotSeen();
    const doc = await insert(outbox, [draft(1)], waiting({ overdueAfterSeconds: 20 }));
    for (const waitedSeconds of [10, 20]) {
      await eventually(async () => (await read(doc)).waitedSeconds === waitedSeconds);
      clock.advance(10);
    }
    await eventually(() => givenUp.ids.length === 1);
    expect(queue.published).toEqual([]);
  });
  test("retries a failed give-up, and handles other documents meanwhile", async () => {
    givenUp.fails = true;
    const doc = await insert(anOutbox(), [draft(1)], waiting({ overdueAfterSeconds: 0 }));
    const other = await insert(anOutbox(), [draft(2)], waiting());
    await eventually(async () => (await read(other)).asked === 1);
    await eventually(() => givenUp.ids.length === 1);
    givenUp.fails = false;
    clock.advance(10);
    await eventually(async () => (await read(doc)).pendingType === undefined);
    expect(givenUp.ids).toEqual([doc._id, doc._id]);
  });
  test("retries at once on request of an operator, after the unsent messages", async () => {
    const nextWakeAt = plusSeconds(clock.now(), 900);
    const doc = await insert(anOutbox(), [draft(1), draft(2, "to.b")], waiting({ nextWakeAt, askNow: true }));
    await eventually(() => queue.published.length === 2);
    expect(queue.numbers()).toEqual([2, 1]);
    const ids = doc.history.map((entry) => entry.id);
    expect(ids).toContain(queue.published[0]?.jobId as string);
    expect(ids).not.toContain(queue.published[1]?.jobId as string);
    expect((await read(doc)).askNow).toBeUndefined();
  });
  test("publishes nothing if the history does not contain the command", async () => {
    const doc = await insert(anOutbox(), [draft(1)], waiting({ pendingType: "to.both" }));
    await eventually(async () => ((await read(doc)).wakeAt?.getTime() ?? 0) > clock.now().getTime());
    expect(queue.published).toEqual([]);
  });
});
