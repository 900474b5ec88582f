import type { Outgoing } from "../messaging/publisher";

/** The messages of one commit, in order, with the two ways to record that they are sent. */
export type CommittedMessages<A> = {
  outgoing: Outgoing[];
  /** Passed to the store's `acknowledge` once they are sent. */
  ack?: A;
  /** Called once they are sent; for what is recorded in memory only. */
  onSent?: () => void;
};

/** The number of messages, or of documents with messages, that are committed and not sent, and the age of the oldest. */
export type Backlog = { unsent: number; oldestSeconds: number };

/** `backlog` counts no further than this, so that its query stays cheap during a long outage. */
export const countedMax = 10_000;

/**
 * Where the relay reads committed messages and records their delivery to Redis.
 * @typeParam A what the store needs to find a message again when it is acknowledged
 */
export type OutboxStore<A> = {
  /** Claims messages that are due and not acknowledged. Other sweeps leave them alone for a few seconds. */
  claim(limit: number): Promise<CommittedMessages<A>[]>;
  /** @param identity the Redis instance that has the messages; if another one has been recorded, nothing is acknowledged */
  acknowledge(acks: A[], identity: string): Promise<void>;
  /**
   * Marks for resending every message that Redis may have lost before it was handled. Does nothing if `identity` is the
   * one recorded last, by this or another process.
   * @returns the number of messages, or of documents with messages, that are marked
   */
  resend(identity: string): Promise<number>;
  /** @param handledBefore by queue: everything sent before this time is handled and need never be resent */
  recordHandled(handledBefore: ReadonlyMap<string, Date>): Promise<void>;
  /** Called every few seconds, with or without Redis. Reads an index, up to `countedMax` entries. */
  backlog(): Promise<Backlog>;
};
