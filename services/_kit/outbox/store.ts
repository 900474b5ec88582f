import type { Outgoing } from "../messaging/publisher";

/** The messages of one commit, in order, with the two ways to record that they are sent. */
export type CommittedMessages<A> = {
  outgoing: Outgoing[];
  /** Passed to the store's `acknowledge` once they are sent. */
  ack?: A;
  /** Called once they are sent; for what is recorded in memory only. */
  onSent?: () => void;
};

/** `resent`: the number of messages, or of documents with messages, that are marked. */
export type Adoption = { isLatest: boolean; resent: number };

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
  /** @param identity the Redis instance that has the messages; if another one is the latest, nothing is acknowledged */
  acknowledge(acks: A[], identity: string): Promise<void>;
  /**
   * Records which Redis instance this process sees, as `judgeRedis` decides. If it takes the place of another one, every
   * message that may be lost with that one is marked for resending.
   * @param before the instance that this process saw until now; undefined after its start
   */
  adopt(identity: string, before: string | undefined): Promise<Adoption>;
  /**
   * @param handledBefore by queue: everything sent before this time is handled and need never be resent. It comes from the
   *   latest instance; an earlier one knows nothing about messages sent since.
   */
  recordHandled(handledBefore: ReadonlyMap<string, Date>): Promise<void>;
  /** Called every few seconds, with or without Redis. Reads an index, up to `countedMax` entries. */
  backlog(): Promise<Backlog>;
};
