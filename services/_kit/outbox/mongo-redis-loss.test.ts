import { describe, expect, test } from "bun:test";
import { plusSeconds } from "../clock";
import { eventually } from "../testing/eventually";
import { fakeQueue } from "./testing/fake-queue";
import { draft, mongoFixture } from "./testing/mongo-fixture";

const { docs, queueState, queue, clock, anOutbox, insert, update, read } = await mongoFixture();

describe("after a loss of Redis", () => {
  const event = (n: number) => draft(n, "test.happened");
  test("the events of a document acknowledged after the watermark are resent, and its commands are not", async () => {
    const outbox = anOutbox();
    const doc = await insert(outbox, [draft(1), event(2), event(3)]);
    const old = await insert(outbox, [event(4)]);
    for (const each of [doc, old]) outbox.publishCommitted(each);
    await eventually(async () => (await read(old)).sentSeq > 0 && (await read(doc)).sentSeq > 0);
    await queueState.updateOne({ _id: "test" }, { $set: { handledBefore: plusSeconds(clock.now(), 60) } });
    clock.advance(70);
    await docs.updateOne({ _id: doc._id }, { $set: { sentAt: clock.now() } });
    const ids = queue.published.map((item) => item.jobId);
    queue.published = [];
    queue.identity = "redis-2";
    await eventually(async () => (await read(doc)).sendAgain === undefined && queue.published.length > 0);
    expect(queue.numbers()).toEqual([2, 3]);
    expect(ids).toContain(queue.published[0]?.jobId as string);
    expect((await read(doc)).wakeAt).toBeUndefined();
    expect((await queueState.findOne({ _id: "test" }))?.identity).toBe("redis-2");
  });
  test("a document whose saga waits has its events and the pending command resent", async () => {
    const outbox = anOutbox();
    const doc = await insert(outbox, [event(1), draft(2), draft(3, "to.b")], {
      pendingType: "to.b",
      nextWakeAt: plusSeconds(clock.now(), 900),
    });
    outbox.publishCommitted(doc);
    await eventually(() => queue.published.length === 3);
    // As if replies had proved that these messages were sent.
    await docs.updateOne({ _id: doc._id }, { $set: { sentSeq: doc.lastSeq } });
    queue.published = [];
    queue.identity = "redis-2";
    await eventually(async () => (await read(doc)).sendAgain === undefined && queue.published.length > 0);
    expect(queue.numbers()).toEqual([1, 3]);
    expect((await read(doc)).wakeAt).toBeDefined();
  });
  test("a late acknowledgement from the lost Redis is ignored", async () => {
    const outbox = anOutbox();
    const doc = await insert(outbox, [event(1)], { sendAgain: true, wakeAt: plusSeconds(clock.now(), 60) });
    outbox.publishCommitted(doc);
    await eventually(() => queue.published.length === 1);
    await Bun.sleep(1_500);
    expect(await read(doc)).toMatchObject({ sendAgain: true, sentSeq: 0 });
    clock.advance(61);
    await eventually(async () => (await read(doc)).sendAgain === undefined);
    expect(queue.numbers()).toEqual([1, 1]);
  });
  test("the watermark is stored", async () => {
    anOutbox();
    await eventually(async () => (await queueState.findOne({ _id: "test" }))?.handledBefore !== undefined);
    const watermark = (await queueState.findOne({ _id: "test" }))?.handledBefore as Date;
    expect(watermark.getTime()).toBeLessThanOrEqual(Date.now() - 10_000);
  });
});

describe("a failover that one process sees later than another", () => {
  /** One process is still connected to the old Redis, which is alive; the other already to the new one. */
  async function splitProcesses() {
    const [old, latest] = [queue, fakeQueue()];
    const emptyQueues = new Map([["a", Number.POSITIVE_INFINITY]]);
    Object.assign(latest, { identity: "redis-2", oldest: emptyQueues });
    const one = anOutbox(old.publisher);
    await eventually(() => old.snapshots > 0 && one.nextVia(undefined)[0] === "redis-1");
    const other = anOutbox(latest.publisher);
    await eventually(() => other.nextVia(undefined)[0] === "redis-2");
    return { old, latest, one, other };
  }

  test("an event sent to the old one is sent again by the process that continues the saga", async () => {
    const { old, latest, one, other } = await splitProcesses();
    const doc = await insert(one, [draft(1, "test.happened"), draft(2)], { nextWakeAt: plusSeconds(clock.now(), 900) });
    one.publishCommitted(doc);
    await eventually(() => old.numbers().length === 2);
    // A reply seems to prove that everything before it was sent.
    const next = await update(other, doc, [draft(3)], { sentSeq: doc.lastSeq, nextWakeAt: undefined });
    other.publishCommitted(next);
    await eventually(async () => (await read(next)).via?.join() === "redis-2");
    expect(latest.numbers()).toEqual([1, 3]);
    expect((await read(next)).sentSeq).toBe(next.lastSeq);
  });

  test("a document committed by the process on the old one is sent to the new one by the sweep of the other process", async () => {
    const { old, latest, one } = await splitProcesses();
    const doc = await insert(one, [draft(1, "test.happened")]);
    one.publishCommitted(doc);
    // The process on the old one may claim it first, as long as it has not noticed. Its claim ends after ten seconds.
    clock.advance(6);
    const noticedAt = old.snapshots;
    await eventually(() => old.snapshots >= noticedAt + 2);
    clock.advance(11);
    await eventually(async () => (await read(doc)).wakeAt === undefined);
    expect(new Set(latest.numbers())).toEqual(new Set([1]));
  });
});
