import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import type { Collection, MongoClient } from "mongodb";
import { plusSeconds } from "../clock";
import type { Outgoing, Publisher } from "../messaging/publisher";
import type { QueueSnapshot } from "../messaging/queue-snapshot";
import { connectMongo, isDuplicateKey } from "../stores/mongo";
import { outboxOldestUnsent, outboxUnsent } from "../telemetry/metrics";
import { inSpan, startTelemetry } from "../telemetry/tracing";
import { testClock } from "../testing/clock";
import { eventually } from "../testing/eventually";
import { silentLog } from "../testing/log";
import { testCatalogue } from "../testing/queue";
import { testMongoUrl } from "../testing/stores";
import { graceSeconds, type MongoOutbox, mongoOutbox, type OutboxDocument, type QueueState } from "./mongo";

const { catalogue, a, b } = testCatalogue();
/** Queues with nothing in them. */
const empty = new Map([a, b, "test"].map((queue) => [queue, Number.POSITIVE_INFINITY]));
/** `awaits`: the command whose answer it waits for. */
type Doc = OutboxDocument & { awaits?: string; secret?: string; askAgainAt?: Date; giveUpAfterSeconds?: number };

let client: MongoClient;
let docs: Collection<Doc>;
let queueState: Collection<QueueState>;
let clock: ReturnType<typeof testClock>;
let queue: {
  up: boolean;
  refused: number;
  samples: number;
  got: Outgoing[];
  identity: string;
  oldest: QueueSnapshot["oldest"];
  publisher: Publisher;
};
let outboxes: MongoOutbox<Doc>[];
let givenUp: string[];
let forgives: boolean;

beforeAll(async () => {
  await startTelemetry("test", undefined);
  const connected = await connectMongo(testMongoUrl("kit"), "kit-test");
  client = connected.client;
  docs = connected.db.collection<Doc>("docs");
  queueState = connected.db.collection<QueueState>("queue_state");
});
afterAll(async () => {
  await client.db().dropDatabase();
  await client.close();
});
beforeEach(async () => {
  await docs.deleteMany({});
  clock = testClock();
  outboxes = [];
  givenUp = [];
  forgives = true;
  await queueState.deleteMany({});
  await queueState.insertOne({ _id: "test", identity: "redis-1" });
  const state = {
    up: true,
    refused: 0,
    samples: 0,
    got: [] as Outgoing[],
    identity: "redis-1",
    oldest: empty as QueueSnapshot["oldest"],
  };
  const publisher: Publisher = {
    async publish(outgoing) {
      if (!state.up) {
        state.refused++;
        throw new Error("Redis is away");
      }
      state.got.push(...outgoing);
    },
    connected: () => true,
    snapshot: async () => {
      state.samples++;
      return { identity: state.identity, oldest: state.oldest };
    },
    close: async () => {},
  };
  queue = Object.assign(state, { publisher });
});
afterEach(() => Promise.all(outboxes.map((outbox) => outbox.close())));

function anOutbox(): MongoOutbox<Doc> {
  const outbox = mongoOutbox<Doc>({
    collection: docs,
    queueState,
    source: "test",
    catalogue,
    publisher: queue.publisher,
    clock,
    log: silentLog,
    complete: (doc, message) =>
      doc.secret ? { ...message, data: { ...(message.data as object), secret: doc.secret } } : message,
    wakeAgain: (doc) => doc.askAgainAt,
    unanswered: (doc) => doc.awaits,
    isOverdue: (doc, waitedSeconds) => waitedSeconds >= (doc.giveUpAfterSeconds ?? Number.POSITIVE_INFINITY),
    async giveUp(doc) {
      givenUp.push(doc._id);
      if (!forgives) throw new Error("the store is away");
      await docs.updateOne({ _id: doc._id }, { $unset: { askAgainAt: "", awaits: "" }, $inc: { version: 1 } });
    },
  });
  outboxes.push(outbox);
  return outbox;
}

const draft = (n: number, type = "to.a") => ({ type, data: { n } });

/** A document as a service would store it: its state, with what is to be told. */
async function stored(outbox: MongoOutbox<Doc>, drafts = [draft(1)], over: Partial<Doc> = {}): Promise<Doc> {
  const history = outbox.createEntries({ lastSeq: 0 }, drafts, [{ type: "note", data: { why: "new" } }]);
  const now = clock.now();
  const doc: Doc = {
    _id: crypto.randomUUID(),
    version: 1,
    history,
    lastSeq: history.length,
    sentSeq: 0,
    unsentSince: now,
    wakeAt: plusSeconds(now, graceSeconds),
    ...over,
  };
  await docs.insertOne(doc);
  return doc;
}

/** The document's next state, as a commit writes it. */
async function changed(outbox: MongoOutbox<Doc>, doc: Doc, drafts = [draft(2)]): Promise<Doc> {
  const entries = outbox.createEntries(doc, drafts, []);
  const next = {
    ...doc,
    version: doc.version + 1,
    history: [...doc.history, ...entries],
    lastSeq: doc.lastSeq + entries.length,
  };
  const { version, history, lastSeq } = next;
  await docs.updateOne({ _id: doc._id, version: doc.version }, { $set: { version, history, lastSeq } });
  return next;
}

const read = async (doc: Doc) => (await docs.findOne({ _id: doc._id })) as Doc;
const numbers = () => queue.got.map((item) => (item.message.data as { n: number }).n);

test("a document's entries count on, notes first, each in the trace that made it", () => {
  const outbox = anOutbox();
  const notes = [{ type: "note", data: { why: "x" } }];
  const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  const drafts = [{ ...draft(1), sagaid: "saga" }, draft(2)];
  const entries = inSpan("work", { traceparent }, () => outbox.createEntries({ lastSeq: 4 }, drafts, notes));
  expect(entries.map(({ seq, type, note }) => ({ seq, type, note }))).toEqual([
    { seq: 5, type: "note", note: true },
    { seq: 6, type: "to.a", note: undefined },
    { seq: 7, type: "to.a", note: undefined },
  ]);
  expect(entries[1]).toMatchObject({ sagaid: "saga", data: { n: 1 }, time: clock.now().toISOString() });
  expect(entries[1]?.traceparent).toContain("4bf92f3577b34da6a3ce929d0e0e4736");
  expect(new Set(entries.map((entry) => entry.id)).size).toBe(3);
});

describe("a document that was committed", () => {
  test("is published at once, without its notes, completed, and noted as sent", async () => {
    const outbox = anOutbox();
    const doc = await stored(outbox, [draft(1), draft(2)], { secret: "s" });
    outbox.publishCommitted(doc);
    const after = await eventually(async () => {
      const now = await read(doc);
      return now.sentSeq === 3 ? now : undefined;
    });
    expect(queue.got.map((item) => item.message)).toMatchObject([
      {
        subject: doc._id,
        sequence: 2,
        source: "/services/test",
        dataschema: "urn:shop:schema:to.a:1",
        data: { n: 1, secret: "s" },
      },
      { sequence: 3, data: { n: 2, secret: "s" } },
    ]);
    expect(queue.got.map((item) => item.jobId)).toEqual(doc.history.slice(1).map((entry) => entry.id));
    expect(after).not.toHaveProperty("unsentSince");
    expect(after).not.toHaveProperty("wakeAt");
    expect(JSON.stringify(after.history)).not.toContain("secret");
  });
  test("says nothing again that is known to be sent", async () => {
    const outbox = anOutbox();
    const doc = await stored(outbox, [draft(1), draft(2)]);
    outbox.publishCommitted({ ...doc, sentSeq: 2 });
    await eventually(() => queue.got.length === 1);
    expect(numbers()).toEqual([2]);
  });
  test("and changed since is not noted as sent by the old note", async () => {
    const outbox = anOutbox();
    const doc = await stored(outbox);
    const next = await changed(outbox, doc);
    outbox.publishCommitted(doc);
    await eventually(() => queue.got.length === 1);
    await outbox.close();
    expect(await read(doc)).toMatchObject({ sentSeq: 0, version: 2, wakeAt: doc.wakeAt });
    const other = anOutbox();
    other.publishCommitted(next);
    await other.close();
    expect(await read(doc)).toMatchObject({ sentSeq: 3 });
    expect(numbers()).toEqual([1, 1, 2]);
  });
  test("and waits for an answer is not noted as sent: the answer is the note, and the alarm stands until it comes", async () => {
    const outbox = anOutbox();
    const doc = await stored(outbox, [draft(1)], { awaits: "to.a", askAgainAt: plusSeconds(clock.now(), 60) });
    outbox.publishCommitted(doc);
    await eventually(() => queue.got.length === 1);
    await outbox.close();
    expect(await read(doc)).toEqual(doc);
    clock.advance(graceSeconds);
    anOutbox();
    await eventually(async () => (await read(doc)).sentSeq === 2);
    const [first, again] = queue.got;
    expect(again?.jobId).toBe(first?.jobId as string);
  });
});

test("how much is not sent, and for how long, is told; what waits for an answer was sent", async () => {
  await stored(anOutbox(), [draft(1)], { unsentSince: plusSeconds(clock.now(), -90) });
  await stored(anOutbox(), [draft(2)]);
  const askAgainAt = plusSeconds(clock.now(), 60);
  const asked = await stored(anOutbox(), [draft(3)], { sentSeq: 2, wakeAt: clock.now(), awaits: "to.a", askAgainAt });
  await eventually(async () => (await read(asked)).unsentSince === undefined);
  anOutbox(); // looks at once, as the others did, which may have seen less
  const told = async () => [await outboxUnsent.get(), await outboxOldestUnsent.get()].map((it) => it.values[0]?.value);
  await eventually(async () => Bun.deepEquals(await told(), [2, 90]));
});

describe("the sweep", () => {
  test("leaves a document to its writer for a while, then publishes what that did not", async () => {
    const outbox = anOutbox();
    const early = await stored(outbox, [draft(1)], { wakeAt: clock.now() });
    const doc = await stored(outbox, [draft(2)]);
    await eventually(async () => (await read(early)).sentSeq === 2);
    expect(numbers()).toEqual([1]);
    clock.advance(graceSeconds);
    await eventually(async () => (await read(doc)).sentSeq === 2);
    expect(numbers()).toEqual([1, 2]);
  });
  test("of two processes takes a document once", async () => {
    anOutbox();
    const outbox = anOutbox();
    const many = await Promise.all(
      Array.from({ length: 30 }, (_, n) => stored(outbox, [draft(n)], { wakeAt: clock.now() })),
    );
    await eventually(async () => (await docs.countDocuments({ sentSeq: 2 })) === many.length);
    expect(numbers().toSorted((a, b) => a - b)).toEqual(many.map((_, n) => n));
  });
  test("tries again, when the queue was away", async () => {
    queue.up = false;
    const outbox = anOutbox();
    const doc = await stored(outbox, [draft(1)], { wakeAt: clock.now() });
    await eventually(() => queue.refused > 0);
    queue.up = true;
    clock.advance(10);
    await eventually(async () => (await read(doc)).sentSeq === 2);
    expect(numbers()).toEqual([1]);
  });
  test("notes a document that has only notes to show as done", async () => {
    const doc = await stored(anOutbox(), [], { wakeAt: clock.now() });
    const after = await eventually(async () => {
      const now = await read(doc);
      return now.wakeAt === undefined ? now : undefined;
    });
    expect(after.sentSeq).toBe(1);
    expect(queue.got).toEqual([]);
  });
  test("does not look again at what has nothing to send and waits for nothing", async () => {
    const doc = await stored(anOutbox(), [draft(1)], { sentSeq: 2, wakeAt: clock.now() });
    await eventually(async () => (await read(doc)).wakeAt === undefined);
    expect(queue.got).toEqual([]);
  });
  test("looks at what waits for an answer when that is due, and not before", async () => {
    const askAgainAt = plusSeconds(clock.now(), 10);
    const doc = await stored(anOutbox(), [draft(1)], { sentSeq: 2, wakeAt: clock.now(), awaits: "to.a", askAgainAt });
    await eventually(async () => (await read(doc)).wakeAt?.getTime() === askAgainAt.getTime());
    expect(queue.got).toEqual([]);
  });
  test("asks again when no answer came: the same message, as another job", async () => {
    const outbox = anOutbox();
    const over = { sentSeq: 4, wakeAt: clock.now(), awaits: "to.b", askAgainAt: clock.now() };
    const doc = await stored(outbox, [draft(1, "to.b"), draft(2, "to.b"), draft(3)], over);
    await eventually(() => queue.got.length === 1);
    const [again] = queue.got;
    expect(again?.message).toMatchObject({ id: doc.history[2]?.id, data: { n: 2 } });
    expect(again?.jobId).toStartWith(`${doc.history[2]?.id}-`);
    expect(await read(doc)).toMatchObject({ wakeAt: plusSeconds(clock.now(), 10), asked: 1 });
    // No answer again and again: each time it waits twice as long, but never longer than ten minutes.
    clock.advance(10);
    await eventually(async () => (await read(doc)).asked === 2);
    expect((await read(doc)).wakeAt).toEqual(plusSeconds(clock.now(), 20));
    await docs.updateOne({ _id: doc._id }, { $set: { asked: 50, wakeAt: clock.now() } });
    await eventually(async () => (await read(doc)).asked === 51);
    expect((await read(doc)).wakeAt).toEqual(plusSeconds(clock.now(), 600));
  });
  /** Every outbox has looked at the queues as they are now, and done what follows from it: the next look comes after that. */
  async function lookedAt(): Promise<void> {
    const until = queue.samples + 2 * outboxes.length;
    await eventually(() => queue.samples >= until);
  }
  test("does not ask again while the question, or an answer, may be in a queue", async () => {
    for (const busy of [a, "test"]) {
      queue.oldest = new Map([...empty, [busy, clock.now().getTime() - 60_000]]);
      const outbox = anOutbox();
      await lookedAt();
      const doc = await stored(outbox, [draft(1)], { awaits: "to.a", askAgainAt: plusSeconds(clock.now(), 10) });
      outbox.publishCommitted(doc);
      await eventually(() => queue.got.length === 1);
      clock.advance(11);
      await eventually(async () => ((await read(doc)).wakeAt as Date) > clock.now());
      expect((await read(doc)).asked).toBeUndefined();
      expect(queue.got).toHaveLength(1);
      queue.oldest = empty;
      await lookedAt();
      clock.advance(11);
      await eventually(() => queue.got.length === 2);
      queue.got = [];
      await docs.deleteMany({});
      // Another process does not know that this one has asked.
      await outbox.close();
      outboxes = [];
    }
  });
  test("gives up when it has waited for too long, and asks no more", async () => {
    anOutbox();
    const over = { sentSeq: 2, wakeAt: clock.now(), awaits: "to.a", askAgainAt: clock.now(), giveUpAfterSeconds: 30 };
    const doc = await stored(anOutbox(), [draft(1)], over);
    await eventually(async () => (await read(doc)).asked === 1);
    clock.advance(10);
    await eventually(async () => (await read(doc)).asked === 2);
    expect(await read(doc)).toMatchObject({ waitedSeconds: 30 });
    expect(givenUp).toEqual([]);
    clock.advance(20);
    await eventually(() => givenUp.length === 1);
    clock.advance(10);
    await eventually(async () => (await read(doc)).wakeAt === undefined);
    expect(givenUp).toEqual([doc._id]);
    expect(queue.got).toHaveLength(2);
  });
  test("does not count the time in which nobody could look", async () => {
    const over = { sentSeq: 2, wakeAt: clock.now(), awaits: "to.a", askAgainAt: clock.now(), giveUpAfterSeconds: 30 };
    const doc = await stored(anOutbox(), [draft(1)], over);
    await eventually(async () => (await read(doc)).asked === 1);
    clock.advance(5_000);
    await eventually(async () => (await read(doc)).asked === 2);
    expect(givenUp).toEqual([]);
  });
  test("gives up what lies in a queue for too long", async () => {
    queue.oldest = new Map([...empty, [a, 0]]);
    const outbox = anOutbox();
    await lookedAt();
    const over = { sentSeq: 2, wakeAt: clock.now(), awaits: "to.a", askAgainAt: clock.now(), giveUpAfterSeconds: 20 };
    const doc = await stored(outbox, [draft(1)], over);
    for (const waitedSeconds of [10, 20]) {
      await eventually(async () => (await read(doc)).waitedSeconds === waitedSeconds);
      clock.advance(10);
    }
    await eventually(() => givenUp.length === 1);
    expect(queue.got).toEqual([]);
  });
  test("tries again to give up when that failed, and does the others' work meanwhile", async () => {
    forgives = false;
    const waiting = { sentSeq: 2, wakeAt: clock.now(), awaits: "to.a", askAgainAt: clock.now() };
    const doc = await stored(anOutbox(), [draft(1)], { ...waiting, giveUpAfterSeconds: 0 });
    const other = await stored(anOutbox(), [draft(2)], waiting);
    await eventually(async () => (await read(other)).asked === 1);
    await eventually(() => givenUp.length === 1);
    forgives = true;
    clock.advance(10);
    await eventually(async () => (await read(doc)).awaits === undefined);
    expect(givenUp).toEqual([doc._id, doc._id]);
  });
  test("asks at once when an operator wants it, after what is not sent yet", async () => {
    const askAgainAt = plusSeconds(clock.now(), 900);
    const over = { sentSeq: 2, wakeAt: clock.now(), awaits: "to.a", askAgainAt, askNow: true as const };
    const doc = await stored(anOutbox(), [draft(1), draft(2, "to.b")], over);
    await eventually(() => queue.got.length === 2);
    expect(numbers()).toEqual([2, 1]);
    const ids = doc.history.map((entry) => entry.id);
    expect(ids).toContain(queue.got[0]?.jobId as string);
    expect(ids).not.toContain(queue.got[1]?.jobId as string);
    expect((await read(doc)).askNow).toBeUndefined();
  });
  test("has nothing to ask where the command is not in the history", async () => {
    const over = { sentSeq: 2, wakeAt: clock.now(), awaits: "to.both", askAgainAt: clock.now() };
    const doc = await stored(anOutbox(), [draft(1)], over);
    await eventually(async () => ((await read(doc)).wakeAt?.getTime() ?? 0) > clock.now().getTime());
    expect(queue.got).toEqual([]);
  });
});

describe("when Redis has lost what it had", () => {
  const event = (n: number) => draft(n, "test.told");
  test("a document that was done with, but lately, is sent again: its events, not its commands", async () => {
    const outbox = anOutbox();
    const doc = await stored(outbox, [draft(1), event(2), event(3)]);
    const old = await stored(outbox, [event(4)]);
    for (const one of [doc, old]) outbox.publishCommitted(one);
    await eventually(async () => (await read(old)).sentSeq > 0 && (await read(doc)).sentSeq > 0);
    await queueState.updateOne({ _id: "test" }, { $set: { handledBefore: plusSeconds(clock.now(), 60) } });
    clock.advance(70);
    await docs.updateOne({ _id: doc._id }, { $set: { sentAt: clock.now() } });
    const ids = queue.got.map((item) => item.jobId);
    queue.got = [];
    queue.identity = "redis-2";
    await eventually(async () => (await read(doc)).sendAgain === undefined && queue.got.length > 0);
    expect(numbers()).toEqual([2, 3]);
    expect(ids).toContain(queue.got[0]?.jobId as string);
    expect((await read(doc)).wakeAt).toBeUndefined();
    expect((await queueState.findOne({ _id: "test" }))?.identity).toBe("redis-2");
  });
  test("one that waits for an answer asks once more, and tells its events again", async () => {
    const outbox = anOutbox();
    const doc = await stored(outbox, [event(1), draft(2), draft(3, "to.b")], {
      awaits: "to.b",
      askAgainAt: plusSeconds(clock.now(), 900),
    });
    outbox.publishCommitted(doc);
    await eventually(() => queue.got.length === 3);
    // Its answers to come prove that these were sent.
    await docs.updateOne({ _id: doc._id }, { $set: { sentSeq: doc.lastSeq } });
    queue.got = [];
    queue.identity = "redis-2";
    await eventually(async () => (await read(doc)).sendAgain === undefined && queue.got.length > 0);
    expect(numbers()).toEqual([1, 3]);
    expect((await read(doc)).wakeAt).toBeDefined();
  });
  test("a late note of having sent to the old one does not count", async () => {
    const outbox = anOutbox();
    const doc = await stored(outbox, [event(1)], { sendAgain: true, wakeAt: plusSeconds(clock.now(), 60) });
    outbox.publishCommitted(doc);
    await eventually(() => queue.got.length === 1);
    await Bun.sleep(1_500);
    expect(await read(doc)).toMatchObject({ sendAgain: true, sentSeq: 0 });
    clock.advance(61);
    await eventually(async () => (await read(doc)).sendAgain === undefined);
    expect(numbers()).toEqual([1, 1]);
  });
  test("how far things were handled is noted now and then", async () => {
    anOutbox();
    await eventually(async () => (await queueState.findOne({ _id: "test" }))?.handledBefore !== undefined);
    const noted = (await queueState.findOne({ _id: "test" }))?.handledBefore as Date;
    expect(noted.getTime()).toBeLessThanOrEqual(Date.now() - 10_000);
  });
});

test("a client waits for a majority and the journal, whatever its URL says", async () => {
  const { client: other } = await connectMongo(testMongoUrl("kit"), "kit-test");
  expect(other.writeConcern).toMatchObject({ w: "majority", journal: true });
  await other.close();
});

test("an error for a key that is there already is known as such", async () => {
  const doc = await stored(anOutbox());
  const error = await docs.insertOne(doc).catch((it) => it);
  expect(isDuplicateKey(error)).toBe(true);
  for (const other of [new Error("x"), undefined, null, { code: 1 }]) expect(isDuplicateKey(other)).toBe(false);
});
