import { every } from "../async/every";
import { errorMessage } from "../errors/app-error";
import type { Outgoing, Publisher } from "../messaging/publisher";
import type { Log } from "../telemetry/log";
import { degraded, messagesResent, outboxLag, outboxOldestUnsent, outboxUnsent } from "../telemetry/metrics";

/** Where committed messages wait for being sent. `A` is what the store needs to know again to note a message as sent. */
export type OutboxStore<A> = {
  /** Messages committed a while ago and not noted as sent; claimed, so that two sweeps do not take the same ones. */
  claim(limit: number): Promise<CommittedMessages<A>[]>;
  /** @param identity of the Redis they were sent to; another one may have been found empty meanwhile */
  acknowledge(acks: A[], identity: string): Promise<void>;
  /**
   * Makes the sweep send again what a Redis that is no longer there may have had: all that is not forgotten.
   * Where `identity` is what was noted last, by any process, nothing is done.
   * @returns how many messages, or documents with messages, that is
   */
  resend(identity: string): Promise<number>;
  /** What was sent before then, by queue, has been handled: it need never be sent again. */
  deleteHandled(handledBefore: ReadonlyMap<string, Date>): Promise<void>;
  /** Looked at every few seconds, Redis or not: reads an index, up to `mostCounted`. */
  backlog(): Promise<Backlog>;
};

/** How much is committed and not sent. */
export type Backlog = { unsent: number; oldestSeconds: number };
/** More is not counted. */
export const countedMax = 10_000;

/** Messages of one commit, in order, and how to note them as sent: `ack` in the store, `onSent` in memory. */
export type CommittedMessages<A> = { outgoing: Outgoing[]; ack?: A; onSent?: () => void };

export type Relay<A> = {
  /** Publishes what was just committed, at once and off the caller's path. A failure is left to the sweep. */
  dispatch(committed: CommittedMessages<A>): void;
  /** Sends what waits and stops. */
  close(): Promise<void>;
};

/**
 * Between a message's being sent and its being seen in the queue, clocks that differ included, milliseconds. Longer than
 * a publish may take.
 */
const slackMs = 10_000;

/**
 * Moves messages from an outbox into the queues. The committing process sends at once; the sweep sends what a crash or an
 * outage of Redis left behind. What a Redis that lost its data may have had is sent again. A message may be sent twice,
 * but never not at all.
 */
export function startRelay<A>(o: {
  store: OutboxStore<A>;
  publisher: Publisher;
  log: Log;
  /** How long a message may wait for being noted as sent; notes are written together. */
  acknowledgeEveryMs: number;
  sweepEveryMs: number;
  /** How often to look whether Redis is still the one that has our messages, and which of them are done with. */
  sampleEveryMs?: number;
  measureEveryMs?: number;
}): Relay<A> {
  let acks: A[] = [];
  let identity: string | undefined;
  let closing = false;
  const underway = new Set<Promise<void>>();

  async function send(committed: CommittedMessages<A>, way: "direct" | "sweep"): Promise<boolean> {
    try {
      await o.publisher.publish(committed.outgoing);
      degraded.set(0);
      for (const { message } of committed.outgoing)
        outboxLag.observe({ way }, Math.max(0, Date.now() - Date.parse(message.time)) / 1000);
      if (committed.ack !== undefined) acks.push(committed.ack);
      committed.onSent?.();
      return true;
    } catch (error) {
      degraded.set(1);
      o.log.warn(
        { error: errorMessage(error), messages: committed.outgoing.length },
        "not published, left to the sweep",
      );
      return false;
    }
  }

  async function writeAcks(): Promise<void> {
    if (acks.length === 0 || identity === undefined) return;
    const batch = acks;
    acks = [];
    // Lost notes cost a second publish, which its consumer drops.
    await o.store
      .acknowledge(batch, identity)
      .catch((error) => o.log.warn({ error: errorMessage(error) }, "not acknowledged"));
  }

  /** Until nothing is left, so that what an outage piled up is gone soon after it. */
  async function sweep(): Promise<void> {
    while (!closing) {
      // Nothing is claimed in vain: what is claimed has to wait for its next turn.
      degraded.set(o.publisher.connected() ? 0 : 1);
      if (!o.publisher.connected()) return;
      const claimed = await o.store.claim(200);
      const sent = await Promise.all(claimed.map((committed) => send(committed, "sweep")));
      if (claimed.length === 0 || sent.includes(false)) return;
    }
  }

  /** Redis without what we sent it looks like any other: only its identity tells. */
  async function sample(): Promise<void> {
    if (!o.publisher.connected()) return;
    const at = Date.now();
    const seen = await o.publisher.snapshot().catch(() => undefined);
    if (!seen) return;
    if (seen.identity !== identity) {
      const again = await o.store.resend(seen.identity);
      identity = seen.identity;
      messagesResent.inc(again);
      if (again > 0) o.log.warn({ again }, "Redis is not the one that had our messages: they are sent again");
    }
    const handledBefore = [...seen.oldest].map(([queue, oldest]): [string, Date] => [
      queue,
      new Date(Math.max(0, Math.min(at, oldest) - slackMs)),
    ]);
    await o.store.deleteHandled(new Map(handledBefore));
  }

  async function measure(): Promise<void> {
    const { unsent, oldestSeconds } = await o.store.backlog();
    outboxUnsent.set(unsent);
    outboxOldestUnsent.set(Math.max(0, oldestSeconds));
  }

  const stopMeasuring = every(o.measureEveryMs ?? 5_000, measure, o.log, "at once");
  const stopSampling = every(o.sampleEveryMs ?? 1_000, sample, o.log, "at once");
  const stopAcks = every(o.acknowledgeEveryMs, writeAcks, o.log);
  const stopSweep = every(o.sweepEveryMs, sweep, o.log);

  return {
    dispatch(committed) {
      if (committed.outgoing.length === 0) return;
      const sending: Promise<void> = send(committed, "direct").then(() => {
        underway.delete(sending);
      });
      underway.add(sending);
    },
    async close() {
      closing = true;
      await Promise.all([stopSweep(), stopSampling(), stopMeasuring()]);
      await Promise.all(underway);
      await stopAcks();
      await writeAcks();
    },
  };
}

/** How often it is noted durably until when everything has been handled, seconds. */
export const watermarkIntervalSeconds = 10;

/** Until when everything has been handled, in whatever queue. */
export const handledInAllQueues = (handledBefore: ReadonlyMap<string, Date>): Date =>
  new Date(Math.min(Date.now(), ...[...handledBefore.values()].map((at) => at.getTime())));
