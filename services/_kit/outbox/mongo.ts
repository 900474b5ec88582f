import type { AnyBulkWriteOperation, Collection, Filter } from "mongodb";
import type { Clock } from "../clock";
import { plusSeconds } from "../clock";
import { type Catalogue, createMessage, type Draft, type Message } from "../messaging/envelope";
import type { Publisher } from "../messaging/publisher";
import type { Log } from "../telemetry/log";
import { type CommittedMessages, countedMax, handledInAllQueues, startRelay, watermarkIntervalSeconds } from "./relay";

/** One line of a document's life: a message to be sent, or (`note`) something that happened and is told to nobody. */
export type HistoryEntry = {
  seq: number;
  id: string;
  type: string;
  time: string;
  data: unknown;
  sagaid?: string;
  traceparent?: string;
  note?: true;
  /** What the write that made it changed of the document's state; on the last entry of a write. */
  set?: Record<string, unknown>;
};

/** What a document carries to be its own outbox. One write changes the state and these: it is the transaction. */
export type OutboxDocument = {
  _id: string;
  /** Every state write adds one and asks for the one it read. */
  version: number;
  history: HistoryEntry[];
  lastSeq: number;
  /** Everything up to here is known to be in the queues. */
  sentSeq: number;
  unsentSince?: Date;
  /** Up to here its history is in the read models. */
  projectedSeq?: number;
  /** When its last message was noted as sent. */
  sentAt?: Date;
  /** The Redis that had its messages is gone: the sweep is to send them again. */
  sendAgain?: true;
  /** When the sweep is to look at it: something unsent, or a saga that waits for an answer. */
  wakeAt?: Date;
  /** How often the sweep has asked again since the last state write. */
  asked?: number;
  /** For how long it has waited since then, as the sweep saw it: time in which there was no sweep, or no Redis, does not count. */
  waitedSeconds?: number;
  /** An operator wants its question asked now. */
  askNow?: true;
};

type Ack<D> = { doc: D; sleep: boolean; again?: true };
type Unsent<D> = CommittedMessages<Ack<D>> & { ack: Ack<D> };
/** Of a service: the Redis that has what is noted as sent, and since when that may not have been handled. */
export type QueueState = { _id: string; identity?: string; handledBefore?: Date };

type HistoryNote = { type: string; data: unknown };

export type MongoOutbox<D extends OutboxDocument> = {
  /** The next entries of a document's history, messages and notes, in this order: notes first; the last one has `set`. */
  createEntries(
    doc: Pick<D, "lastSeq">,
    drafts: Draft[],
    notes: HistoryNote[],
    set?: Record<string, unknown>,
  ): HistoryEntry[];
  /** Call after a document was written: publishes what is not sent yet. */
  publishCommitted(doc: D): void;
  /** Sends a message of the document's history again, for a receiver that may never have handled it. Nothing is written. */
  resend(doc: D, message: HistoryEntry): void;
  close(): Promise<void>;
};

/** Between two times of asking again: twice as long each time, because a question that fails leaves a dead letter each time. */
const shortestPauseSeconds = 10;
const longestPauseSeconds = 600;

/** So many documents that wait for an answer are remembered as asked; others are asked twice, which does no harm. */
const mostKnown = 20_000;

/** How long the committing process has before the sweep takes a document, seconds. */
export const graceSeconds = 5;

/** The outbox of a service on MongoDB: each document of `collection` holds its own messages. */
export function mongoOutbox<D extends OutboxDocument>(o: {
  collection: Collection<D>;
  queueState: Collection<QueueState>;
  source: string;
  catalogue: Catalogue;
  publisher: Publisher;
  clock: Clock;
  log: Log;
  /** The message as it is sent, where history keeps less of it (a sealed token, say). */
  complete?: (doc: D, message: Message) => Message;
  /** Writes the read models of documents that have come to rest. Called again for what it may not have written. */
  project?: (docs: D[]) => Promise<void>;
  /** When to look at a document again that has nothing to send; undefined: never. */
  wakeAgain: (doc: D) => Date | undefined;
  /** The command to send again for a saga that waits for too long, by its type. */
  unanswered: (doc: D) => string | undefined;
  /** Whether it has waited for long enough. Then `giveUp` is called instead of asking; everything is known to be sent. */
  isOverdue: (doc: D, waitedSeconds: number) => boolean;
  giveUp: (doc: D) => Promise<void>;
}): MongoOutbox<D> {
  const { collection } = o;

  const toMessage = (doc: D, entry: HistoryEntry): Message => {
    const message: Message = {
      specversion: "1.0",
      id: entry.id,
      type: entry.type,
      source: `/services/${o.source}`,
      subject: doc._id,
      time: entry.time,
      dataschema: `urn:shop:schema:${entry.type}:${o.catalogue[entry.type]?.version ?? 1}`,
      sequence: entry.seq,
      ...(entry.sagaid && { sagaid: entry.sagaid }),
      ...(entry.traceparent && { traceparent: entry.traceparent }),
      data: entry.data,
    };
    return o.complete?.(doc, message) ?? message;
  };

  const unsentOf = (doc: D): Unsent<D> => {
    const entries = doc.history.filter((entry) => entry.seq > doc.sentSeq && !entry.note);
    return {
      outgoing: entries.map((entry) => ({ message: toMessage(doc, entry), jobId: entry.id })),
      ack: { doc, sleep: o.wakeAgain(doc) === undefined },
    };
  };

  const questionOf = (doc: D): HistoryEntry | undefined => {
    const type = o.unanswered(doc);
    return type ? doc.history.findLast((entry) => entry.type === type && !entry.note) : undefined;
  };

  /** What is unsent, every event, and the question that is open. Commands that were answered have been handled. */
  const everythingOf = (doc: D): Unsent<D> => {
    const question = questionOf(doc);
    const entries = doc.history.filter(
      (entry) =>
        !entry.note && (entry.seq > doc.sentSeq || entry.type.startsWith(`${o.source}.`) || entry === question),
    );
    const { ack } = unsentOf(doc);
    return {
      outgoing: entries.map((entry) => ({ message: toMessage(doc, entry), jobId: entry.id })),
      ack: { ...ack, again: true },
    };
  };

  /** Under a new job id: the queue would take the old one for a duplicate. */
  const sentAgain = (doc: D, entry: HistoryEntry): CommittedMessages<Ack<D>> => ({
    outgoing: [{ message: toMessage(doc, entry), jobId: `${entry.id}-${Bun.randomUUIDv7()}` }],
  });

  /** The command of a saga that has not moved. */
  const askAgain = (doc: D): CommittedMessages<Ack<D>> => {
    const entry = questionOf(doc);
    return entry ? sentAgain(doc, entry) : { outgoing: [] };
  };

  /** What is unsent goes first: it may be the question itself. */
  const askNow = (doc: D): Unsent<D> => {
    const { outgoing, ack } = unsentOf(doc);
    return { outgoing: [...outgoing, ...askAgain(doc).outgoing], ack };
  };

  let noted = new Date(0);
  /** Documents whose questions this process has sent, up to which entry: no write of its own is needed for that. */
  const known = new Map<string, number>();
  function remember(doc: D): void {
    known.set(doc._id, doc.lastSeq);
    if (known.size > mostKnown) known.delete(known.keys().next().value as string);
  }
  let handledBefore: ReadonlyMap<string, Date> = new Map();

  /** Whether a question, or its answer, may be in a queue still: then asking again would only make a long queue longer. */
  const mayBeQueued = (question: HistoryEntry): boolean =>
    [...(o.catalogue[question.type]?.to ?? []), o.source].some(
      (queue) => new Date(question.time) >= (handledBefore.get(queue) ?? new Date(0)),
    );

  const relay = startRelay<Ack<D>>({
    publisher: o.publisher,
    log: o.log,
    acknowledgeEveryMs: 1_000,
    sweepEveryMs: 500,
    store: {
      async claim(limit) {
        const now = o.clock.now();
        const due = await collection
          .find({ wakeAt: { $lte: now } } as Filter<D>)
          .sort({ wakeAt: 1 })
          .limit(limit)
          .toArray();
        const claimed = await Promise.all(due.map((doc) => claimOne(doc as D, now)));
        return claimed.filter((committed) => committed !== undefined);
      },
      async acknowledge(acks) {
        const sentAt = o.clock.now();
        const latest = new Map(acks.map((ack) => [ack.doc._id, ack]));
        const resting = [...latest.values()].filter(({ sleep }) => sleep);
        if (resting.length > 0) await o.project?.(resting.map(({ doc }) => doc));
        const updates = [...latest.values()].map(
          ({ doc, sleep, again }) =>
            ({
              updateOne: {
                // Another version has its own messages and its own acknowledgement. What is to be sent again was sent to
                // a Redis that is gone.
                filter: {
                  _id: doc._id,
                  version: doc.version,
                  ...(!again && { sentSeq: { $lt: doc.lastSeq }, sendAgain: { $exists: false } }),
                },
                update: {
                  $max: { sentSeq: doc.lastSeq, ...(sleep && { projectedSeq: doc.lastSeq }) },
                  $set: { sentAt },
                  $unset: { unsentSince: "", ...(sleep && { wakeAt: "" }), ...(again && { sendAgain: "" }) },
                },
              },
            }) as unknown as AnyBulkWriteOperation<D>,
        );
        await collection.bulkWrite(updates, { ordered: false });
      },
      // The documents first: found done by halves it is done once more.
      async resend(identity) {
        const state = await o.queueState.findOne({ _id: o.source });
        known.clear();
        if (state?.identity === identity) return 0;
        const unhandled = { sentAt: { $gte: state?.handledBefore ?? new Date(0) } };
        const { modifiedCount } = await collection.updateMany(
          { $or: [unhandled, { wakeAt: { $exists: true } }] } as Filter<D>,
          { $set: { sendAgain: true, wakeAt: o.clock.now() } } as never,
        );
        await o.queueState.updateOne({ _id: o.source }, { $set: { identity } }, { upsert: true });
        return modifiedCount;
      },
      async deleteHandled(handled) {
        handledBefore = handled;
        const before = handledInAllQueues(handled);
        if (before < plusSeconds(noted, watermarkIntervalSeconds)) return;
        await o.queueState.updateOne({ _id: o.source }, { $max: { handledBefore: before } }, { upsert: true });
        noted = before;
      },
      async backlog() {
        const unsent = { unsentSince: { $gt: new Date(0) } } as Filter<D>;
        const [count, oldest] = await Promise.all([
          collection.countDocuments(unsent, { limit: countedMax }),
          collection
            .find(unsent, { projection: { unsentSince: 1 } })
            .sort({ unsentSince: 1 })
            .limit(1)
            .next(),
        ]);
        const since = oldest?.unsentSince?.getTime() ?? o.clock.now().getTime();
        return { unsent: count, oldestSeconds: (o.clock.now().getTime() - since) / 1000 };
      },
    },
  });

  async function claimOne(doc: D, now: Date): Promise<CommittedMessages<Ack<D>> | undefined> {
    const again = o.wakeAgain(doc);
    const committed = unsentNow(doc);
    const waits = !committed && again !== undefined && again <= now;
    const overdue = waits && o.isOverdue(doc, doc.waitedSeconds ?? 0);
    const question = questionOf(doc);
    const asks = waits && !overdue && !(question && mayBeQueued(question));
    const pauseSeconds = asks
      ? Math.min(longestPauseSeconds, shortestPauseSeconds * 2 ** (doc.asked ?? 0))
      : shortestPauseSeconds;
    const early = !committed && !waits;
    const next = early && again ? again : plusSeconds(now, pauseSeconds);
    const counts = waits && { $inc: { waitedSeconds: pauseSeconds, ...(asks && { asked: 1 }) } };
    const { matchedCount } = await collection.updateOne(
      { _id: doc._id, version: doc.version, wakeAt: doc.wakeAt } as Filter<D>,
      (committed || again
        ? { $set: { wakeAt: next }, $unset: { askNow: "", ...(!committed && { unsentSince: "" }) }, ...counts }
        : { $unset: { wakeAt: "", unsentSince: "" } }) as never,
    );
    if (matchedCount === 0) return undefined;
    // It has its next turn: one that fails must not hold up the others.
    if (overdue) await o.giveUp(doc).catch((error) => o.log.warn({ err: error, id: doc._id }, "could not be given up"));
    return committed ?? (asks ? askAgain(doc) : undefined);
  }

  function unsentNow(doc: D): CommittedMessages<Ack<D>> | undefined {
    if (doc.askNow) return askNow(doc);
    if (doc.sendAgain) return everythingOf(doc);
    const isSent = doc.sentSeq === doc.lastSeq || known.get(doc._id) === doc.lastSeq;
    return isSent ? undefined : unsentOf(doc);
  }

  return {
    createEntries(doc, drafts, notes, set) {
      const now = o.clock.now();
      const noted: HistoryEntry[] = notes.map((note, index) => ({
        seq: doc.lastSeq + index + 1,
        id: Bun.randomUUIDv7(),
        type: note.type,
        time: now.toISOString(),
        data: note.data,
        note: true,
      }));
      const told = drafts.map((draft, index): HistoryEntry => {
        const message = createMessage(draft, { source: "", subject: "", sequence: 0, version: 1, now });
        return {
          seq: doc.lastSeq + notes.length + index + 1,
          id: message.id,
          type: message.type,
          time: message.time,
          data: message.data,
          ...(message.sagaid && { sagaid: message.sagaid }),
          ...(message.traceparent && { traceparent: message.traceparent }),
        };
      });
      const entries = [...noted, ...told];
      const last = entries.at(-1);
      if (last && set) last.set = set;
      return entries;
    },
    publishCommitted(doc) {
      const { outgoing, ack } = unsentOf(doc);
      // While an answer is awaited, it is the note that the question was sent; only the last message needs a write for that.
      relay.dispatch(ack.sleep ? { outgoing, ack } : { outgoing, onSent: () => remember(doc) });
    },
    resend: (doc, entry) => relay.dispatch(sentAgain(doc, entry)),
    close: () => relay.close(),
  };
}
