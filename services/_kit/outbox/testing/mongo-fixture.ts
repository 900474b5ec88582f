import { afterAll, afterEach, beforeEach } from "bun:test";
import { plusSeconds } from "../../clock";
import { connectMongo } from "../../stores/mongo";
import { testClock } from "../../testing/clock";
import { eventually } from "../../testing/eventually";
import { silentLog } from "../../testing/log";
import { testCatalogue } from "../../testing/queue";
import { testMongoUrl } from "../../testing/stores";
import { graceSeconds, type MongoOutbox, mongoOutbox } from "../mongo";
import type { OutboxDocument, QueueState } from "../mongo-document";
import { fakeQueue } from "./fake-queue";

export type TestDocument = OutboxDocument & {
  /** The type of the command whose reply the saga waits for. */
  pendingType?: string;
  /** When the sweep must visit the document although nothing is unsent. */
  nextWakeAt?: Date;
  overdueAfterSeconds?: number;
  /** Added to messages when they are sent. */
  secret?: string;
};

export const draft = (n: number, type = "to.a") => ({ type, data: { n } });

/** A MongoDB collection with outboxes of a service `test`, reset before each test. */
export async function mongoFixture() {
  const { client, db } = connectMongo(testMongoUrl("kit"), "kit-test");
  const docs = db.collection<TestDocument>("docs");
  const queueState = db.collection<QueueState>("queue_state");
  const { catalogue, a, b } = testCatalogue();
  const emptyQueues = new Map([a, b, "test"].map((name) => [name, Number.POSITIVE_INFINITY]));
  const queue = fakeQueue();
  let testTime = testClock();
  const clock = { now: () => testTime.now(), advance: (seconds: number) => testTime.advance(seconds) };
  const outboxes: MongoOutbox<TestDocument>[] = [];
  /** Calls of `giveUp`, by document id, and whether they fail. */
  const givenUp = { ids: [] as string[], fails: false };

  afterAll(async () => {
    await client.db().dropDatabase();
    await client.close();
  });
  beforeEach(async () => {
    testTime = testClock();
    queue.reset();
    queue.oldest = emptyQueues;
    Object.assign(givenUp, { ids: [], fails: false });
    await docs.deleteMany({});
    await queueState.deleteMany({});
    await queueState.insertOne({ _id: "test", identity: "redis-1" });
  });
  const closeOutboxes = () => Promise.all(outboxes.splice(0).map((outbox) => outbox.close()));
  afterEach(closeOutboxes);

  function anOutbox(publisher = queue.publisher): MongoOutbox<TestDocument> {
    const outbox = mongoOutbox<TestDocument>({
      collection: docs,
      queueState,
      source: "test",
      catalogue,
      publisher,
      clock,
      log: silentLog,
      complete: (doc, message) =>
        doc.secret ? { ...message, data: { ...(message.data as object), secret: doc.secret } } : message,
      nextWakeAt: (doc) => doc.nextWakeAt,
      pendingCommandType: (doc) => doc.pendingType,
      isOverdue: (doc, waitedSeconds) => waitedSeconds >= (doc.overdueAfterSeconds ?? Number.POSITIVE_INFINITY),
      async giveUp(doc) {
        givenUp.ids.push(doc._id);
        if (givenUp.fails) throw new Error("the store is unavailable");
        await docs.updateOne({ _id: doc._id }, { $unset: { nextWakeAt: "", pendingType: "" }, $inc: { version: 1 } });
      },
    });
    outboxes.push(outbox);
    return outbox;
  }

  /** Stores a document as a service does: its state together with a note and the messages of `drafts`. */
  async function insert(
    outbox: MongoOutbox<TestDocument>,
    drafts = [draft(1)],
    fields: Partial<TestDocument> = {},
  ): Promise<TestDocument> {
    const history = outbox.createEntries({ lastSeq: 0 }, drafts, [{ type: "note", data: { why: "new" } }]);
    const now = clock.now();
    const doc: TestDocument = {
      _id: crypto.randomUUID(),
      version: 1,
      history,
      lastSeq: history.length,
      sentSeq: 0,
      via: outbox.nextVia(undefined),
      unsentSince: now,
      wakeAt: plusSeconds(now, graceSeconds),
      ...fields,
    };
    await docs.insertOne(doc);
    return doc;
  }

  /** Commits the next state of a document, with the messages of `drafts`. */
  async function update(
    outbox: MongoOutbox<TestDocument>,
    doc: TestDocument,
    drafts = [draft(2)],
    fields: Partial<TestDocument> = {},
  ): Promise<TestDocument> {
    const entries = outbox.createEntries(doc, drafts, []);
    const changes = {
      version: doc.version + 1,
      history: [...doc.history, ...entries],
      lastSeq: doc.lastSeq + entries.length,
      via: outbox.nextVia(doc.via),
      ...fields,
    };
    await docs.updateOne({ _id: doc._id, version: doc.version }, { $set: changes });
    return { ...doc, ...changes };
  }

  const read = async (doc: TestDocument) => (await docs.findOne({ _id: doc._id })) as TestDocument;

  /** Waits until every outbox has acted on the queues as they are now: then it has taken a second snapshot. */
  async function snapshotSeen(): Promise<void> {
    const until = queue.snapshots + 2 * outboxes.length;
    await eventually(() => queue.snapshots >= until);
  }

  return {
    ...{ docs, queueState, queue, clock, givenUp, queueA: a, emptyQueues },
    ...{ anOutbox, closeOutboxes, insert, update, read, snapshotSeen },
  };
}
