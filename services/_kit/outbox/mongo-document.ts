/** One entry of a document's history: a message to be sent or, with `note`, a fact that is only recorded. */
export type HistoryEntry = {
  /** Counts the entries of one document from 1. Also the sequence of the message. */
  seq: number;
  id: string;
  type: string;
  /** ISO 8601, UTC. */
  time: string;
  data: unknown;
  sagaid?: string;
  traceparent?: string;
  note?: true;
  /** The state fields that the write changed; on the last entry of each write. */
  set?: Record<string, unknown>;
};

/** A fact to be recorded in the history. */
export type HistoryNote = { type: string; data: unknown };

/** The fields that make a document its own outbox. One atomic write changes them together with the state. */
export type OutboxDocument = {
  _id: string;
  /** Each write of the state requires the version it read, and adds one. */
  version: number;
  history: HistoryEntry[];
  /** `seq` of the latest entry. */
  lastSeq: number;
  /** All messages up to this `seq` are known to have been sent. */
  sentSeq: number;
  /** Since when the document has unsent messages. */
  unsentSince?: Date;
  /** The read models contain the history up to this `seq`. */
  projectedSeq?: number;
  /**
   * The Redis instances to which messages of the document were, or may have been, sent. One that is not the latest may have
   * lost them.
   */
  via?: string[];
  /** When its messages were last acknowledged. */
  sentAt?: Date;
  /** Redis may have lost the document's messages: the sweep sends them again. */
  sendAgain?: true;
  /** When the sweep visits the document next. Absent if nothing is unsent and its saga waits for no reply. */
  wakeAt?: Date;
  /** How often the sweep has retried the pending command since the last write of the state. */
  asked?: number;
  /**
   * How long the sweep has seen the saga wait since the last write of the state. Time without a running sweep, or
   * without Redis, does not count.
   */
  waitedSeconds?: number;
  /** An operator wants the pending command retried now. */
  askNow?: true;
};

/**
 * One document for each service. `identity`: the Redis instance that has the sent messages; with `seenAt` and `earlier` as in
 * `SeenRedis`. `handledBefore`: the watermark, the time before which all sent messages are handled.
 */
export type QueueState = {
  _id: string;
  identity?: string;
  seenAt?: Date;
  earlier?: string[];
  /** Redis has changed, and what it may have lost is not yet marked for resending. */
  marking?: true;
  handledBefore?: Date;
};
