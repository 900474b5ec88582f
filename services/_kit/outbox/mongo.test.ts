import { describe, expect, test } from "bun:test";
import { plusSeconds } from "../clock";
import { connectMongo, isDuplicateKey } from "../stores/mongo";
import { outboxOldestUnsent, outboxUnsent } from "../telemetry/metrics";
import { eventually } from "../testing/eventually";
import { testMongoUrl } from "../testing/stores";
import { graceSeconds } from "./mongo";
import { draft, mongoFixture } from "./testing/mongo-fixture";

const { docs, queue, clock, anOutbox, insert, update, read } = await mongoFixture();

describe("a committed document", () => {
  test("is published at once, completed and without notes, and acknowledged", async () => {
    const outbox = anOutbox();
    const doc = await insert(outbox, [draft(1), draft(2)], { secret: "s" });
    outbox.publishCommitted(doc);
    const after = await eventually(async () => {
      const current = await read(doc);
      return current.sentSeq === 3 ? current : undefined;
    });
    expect(queue.published.map((item) => item.message)).toMatchObject([
      {
        subject: doc._id,
        sequence: 2,
        source: "/services/test",
        dataschema: "urn:shop:schema:to.a:1",
        data: { n: 1, secret: "s" },
      },
      { sequence: 3, data: { n: 2, secret: "s" } },
    ]);
    expect(queue.published.map((item) => item.jobId)).toEqual(doc.history.slice(1).map((entry) => entry.id));
    expect(after).not.toHaveProperty("unsentSince");
    expect(after).not.toHaveProperty("wakeAt");
    expect(JSON.stringify(after.history)).not.toContain("secret");
  });
  test("is published without the messages that are known to be sent", async () => {
    const outbox = anOutbox();
    const doc = await insert(outbox, [draft(1), draft(2)]);
    outbox.publishCommitted({ ...doc, sentSeq: 2 });
    await eventually(() => queue.published.length === 1);
    expect(queue.numbers()).toEqual([2]);
  });
  test("that was written again is not changed by the acknowledgement of its earlier version", async () => {
    const outbox = anOutbox();
    const doc = await insert(outbox);
    const next = await update(outbox, doc);
    outbox.publishCommitted(doc);
    await eventually(() => queue.published.length === 1);
    await outbox.close();
    expect(await read(doc)).toMatchObject({ sentSeq: 0, version: 2, wakeAt: doc.wakeAt });
    const other = anOutbox();
    other.publishCommitted(next);
    await other.close();
    expect(await read(doc)).toMatchObject({ sentSeq: 3 });
    expect(queue.numbers()).toEqual([1, 1, 2]);
  });
  test("whose saga waits is not acknowledged, and the sweep visits it until a reply proves delivery", async () => {
    const outbox = anOutbox();
    const doc = await insert(outbox, [draft(1)], { pendingType: "to.a", nextWakeAt: plusSeconds(clock.now(), 60) });
    outbox.publishCommitted(doc);
    await eventually(() => queue.published.length === 1);
    await outbox.close();
    expect(await read(doc)).toEqual(doc);
    clock.advance(graceSeconds);
    anOutbox();
    await eventually(async () => (await read(doc)).sentSeq === 2);
    const [first, second] = queue.published;
    expect(second?.jobId).toBe(first?.jobId as string);
  });
});

test("the backlog counts unsent documents and the age of the oldest, not sagas that wait", async () => {
  await insert(anOutbox(), [draft(1)], { unsentSince: plusSeconds(clock.now(), -90) });
  await insert(anOutbox(), [draft(2)]);
  const nextWakeAt = plusSeconds(clock.now(), 60);
  const waiting = await insert(anOutbox(), [draft(3)], {
    sentSeq: 2,
    wakeAt: clock.now(),
    pendingType: "to.a",
    nextWakeAt,
  });
  await eventually(async () => (await read(waiting)).unsentSince === undefined);
  anOutbox(); // measures at once; the earlier outboxes may have measured before the inserts
  const measured = async () =>
    [await outboxUnsent.get(), await outboxOldestUnsent.get()].map((it) => it.values[0]?.value);
  await eventually(async () => Bun.deepEquals(await measured(), [2, 90]));
});

test("a MongoDB client waits for the majority and the journal, whatever its URL says", async () => {
  const { client: other } = connectMongo(testMongoUrl("kit"), "kit-test");
  expect(other.writeConcern).toMatchObject({ w: "majority", journal: true });
  await other.close();
});

test("an error for a duplicate key is recognized", async () => {
  const doc = await insert(anOutbox());
  const error = await docs.insertOne(doc).catch((error) => error);
  expect(isDuplicateKey(error)).toBe(true);
  for (const other of [new Error("x"), undefined, null, { code: 1 }]) expect(isDuplicateKey(other)).toBe(false);
});
