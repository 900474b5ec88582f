import { type Catalogue, createMessage, type Draft, type Message } from "../messaging/envelope";
import type { Outgoing } from "../messaging/publisher";
import { traceparent } from "../telemetry/tracing";
import type { HistoryEntry, HistoryNote, OutboxDocument } from "./mongo-document";

/** The next entries of a document's history: notes first, then messages. The last entry carries `set`. */
export function createEntries(
  doc: Pick<OutboxDocument, "lastSeq"> & Partial<Pick<OutboxDocument, "history">>,
  drafts: Draft[],
  notes: HistoryNote[],
  now: Date,
  set?: Record<string, unknown>,
): HistoryEntry[] {
  const recorded = notes.map(
    (note, index): HistoryEntry => ({
      seq: doc.lastSeq + index + 1,
      id: Bun.randomUUIDv7(),
      type: note.type,
      time: now.toISOString(),
      data: note.data,
      note: true,
    }),
  );
  const context = { source: "", subject: "", sequence: 0, version: 1, now };
  const trace = traceparent() ?? latestTrace(doc);
  const messages = drafts.map((draft, index): HistoryEntry => {
    const message = createMessage(draft, { ...context, traceparent: trace });
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
  const entries = [...recorded, ...messages];
  const last = entries.at(-1);
  if (last && set) last.set = set;
  return entries;
}

/** The trace that the document's latest message belongs to. What a sweep does with the document continues it. */
export const latestTrace = ({ history }: Partial<Pick<OutboxDocument, "history">>): string | undefined =>
  history?.findLast((entry) => entry.traceparent)?.traceparent;

/** Reads messages out of a document's history. Nothing here writes. */
export type HistoryMessages<D extends OutboxDocument> = {
  /** The messages that are not known to have been sent, in order. */
  unsent(doc: D): Outgoing[];
  /**
   * What to send when Redis may have lost messages: those that are unsent, the events, and the pending command. Earlier
   * commands have been replied to.
   */
  afterRedisLoss(doc: D): Outgoing[];
  /** The command whose reply the saga waits for; undefined if there is none, or the history does not contain it. */
  pendingCommand(doc: D): HistoryEntry | undefined;
  /** The message under a new job id: the queue would ignore the old id if its job is unfinished. */
  resend(doc: D, entry: HistoryEntry): Outgoing;
};

export function historyMessages<D extends OutboxDocument>(o: {
  source: string;
  catalogue: Catalogue;
  complete?: (doc: D, message: Message) => Message;
  pendingCommandType: (doc: D) => string | undefined;
}): HistoryMessages<D> {
  function toMessage(doc: D, entry: HistoryEntry): Message {
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
  }

  const select = (doc: D, wanted: (entry: HistoryEntry) => boolean): Outgoing[] =>
    doc.history
      .filter((entry) => !entry.note && wanted(entry))
      .map((entry) => ({ message: toMessage(doc, entry), jobId: entry.id }));

  function pendingCommand(doc: D): HistoryEntry | undefined {
    const type = o.pendingCommandType(doc);
    return type ? doc.history.findLast((entry) => entry.type === type && !entry.note) : undefined;
  }

  return {
    unsent: (doc) => select(doc, (entry) => entry.seq > doc.sentSeq),
    afterRedisLoss(doc) {
      const pending = pendingCommand(doc);
      const isEvent = ({ type }: HistoryEntry) => type.startsWith(`${o.source}.`);
      return select(doc, (entry) => entry.seq > doc.sentSeq || isEvent(entry) || entry === pending);
    },
    pendingCommand,
    resend: (doc, entry) => ({ message: toMessage(doc, entry), jobId: `${entry.id}-${Bun.randomUUIDv7()}` }),
  };
}
