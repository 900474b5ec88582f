import type { Collection } from "mongodb";
import type { Clock } from "../clock";
import type { Catalogue, Draft, Message } from "../messaging/envelope";
import type { Publisher } from "../messaging/publisher";
import type { Log } from "../telemetry/log";
import { type Ack, documentClaims } from "./mongo-claim";
import type { HistoryEntry, HistoryNote, OutboxDocument, QueueState } from "./mongo-document";
import { createEntries, historyMessages } from "./mongo-history";
import { mongoOutboxStore } from "./mongo-store";
import { startRelay } from "./relay";

/** How long the committing process has to publish before the sweep takes a document, seconds. */
export const graceSeconds = 5;

export type MongoOutboxOptions<D extends OutboxDocument> = {
  collection: Collection<D>;
  queueState: Collection<QueueState>;
  source: string;
  catalogue: Catalogue;
  publisher: Publisher;
  clock: Clock;
  log: Log;
  /** Adds to a message, just before it is sent, what the history does not keep; a sealed token, for example. */
  complete?: (doc: D, message: Message) => Message;
  /**
   * Writes the read models of documents whose saga has ended or is parked. May be called more than once for the same
   * history.
   */
  project?: (docs: D[]) => Promise<void>;
  /** When the sweep must visit a document that has nothing to send; undefined if it need not. */
  nextWakeAt: (doc: D) => Date | undefined;
  /** The type of the command whose reply the saga waits for; undefined if it waits for none. */
  pendingCommandType: (doc: D) => string | undefined;
  /** Whether the saga has waited too long. Then `giveUp` is called and the command is not retried. */
  isOverdue: (doc: D, waitedSeconds: number) => boolean;
  /** Called for an overdue document whose messages are sent, and again after 10 s if it fails or changes nothing. */
  giveUp: (doc: D) => Promise<void>;
};

export type MongoOutbox<D extends OutboxDocument> = {
  /** The next entries of a document's history: notes first, then messages. The last entry carries `set`. */
  createEntries(
    doc: Pick<D, "lastSeq"> & Partial<Pick<D, "history">>,
    drafts: Draft[],
    notes: HistoryNote[],
    set?: Record<string, unknown>,
  ): HistoryEntry[];
  /** The `via` of a document that is about to be written. @param before what it was */
  nextVia(before: readonly string[] | undefined): string[];
  /** Publishes the unsent messages of a document in the background. Call it after each write. */
  publishCommitted(doc: D): void;
  /** Publishes a message of the history again, for a receiver that may never have handled it. Writes nothing. */
  resend(doc: D, message: HistoryEntry): void;
  close(): Promise<void>;
};

/** The outbox of a service on MongoDB: each document of `collection` holds its own messages. */
export function mongoOutbox<D extends OutboxDocument>(o: MongoOutboxOptions<D>): MongoOutbox<D> {
  const messages = historyMessages(o);
  const claims = documentClaims({ ...o, messages });
  const relay = startRelay<Ack<D>>({
    publisher: o.publisher,
    log: o.log,
    acknowledgeEveryMs: 1_000,
    sweepEveryMs: 500,
    store: mongoOutboxStore({ ...o, claims }),
  });
  return {
    createEntries: (doc, drafts, notes, set) => createEntries(doc, drafts, notes, o.clock.now(), set),
    nextVia: claims.nextVia,
    publishCommitted: (doc) => relay.dispatch(claims.afterCommit(doc)),
    resend: (doc, entry) => relay.dispatch({ outgoing: [messages.resend(doc, entry)] }),
    close: () => relay.close(),
  };
}
