import { every } from "../async/every";
import { errorMessage } from "../errors/app-error";
import type { Publisher } from "../messaging/publisher";
import type { Log } from "../telemetry/log";
import { degraded, outboxLag, outboxOldestUnsent, outboxUnsent } from "../telemetry/metrics";
import { acknowledgements } from "./acknowledgements";
import { redisMonitor } from "./redis-monitor";
import type { CommittedMessages, OutboxStore } from "./store";

export type Relay<A> = {
  /** Publishes committed messages at once, in the background. If that fails, the sweep publishes them. */
  dispatch(committed: CommittedMessages<A>): void;
  /** Waits until dispatched messages are sent and acknowledged, then stops. */
  close(): Promise<void>;
};

/** How many messages, or documents with messages, one query of the sweep claims. */
const claimSize = 200;

/**
 * Moves messages from an outbox into the queues. The committing process publishes at once; the sweep publishes what a
 * crash or a Redis outage left behind. Delivery is at least once: a message may be sent twice and is never lost, even if
 * Redis loses its data.
 */
export function startRelay<A>(o: {
  store: OutboxStore<A>;
  publisher: Publisher;
  log: Log;
  /** Acknowledgements are collected for this long and written together. */
  acknowledgeEveryMs: number;
  sweepEveryMs: number;
  /** How often to check whether Redis has lost messages, and which are handled; 1,000 by default. */
  sampleEveryMs?: number;
  measureEveryMs?: number;
}): Relay<A> {
  const monitor = redisMonitor(o);
  const acks = acknowledgements({ ...o, monitor });
  let closing = false;
  const sending = new Set<Promise<void>>();

  /** @returns whether the messages are in Redis */
  async function send(committed: CommittedMessages<A>, way: "direct" | "sweep"): Promise<boolean> {
    try {
      await monitor.checked;
      if (monitor.isLate()) return false;
      // Read before publishing. If Redis changes in between, the messages are sent twice; read later, they could be lost.
      const identity = monitor.latest();
      await o.publisher.publish(committed.outgoing);
      degraded.set(0);
      for (const { message } of committed.outgoing)
        outboxLag.observe({ way }, Math.max(0, Date.now() - Date.parse(message.time)) / 1000);
      if (identity === undefined || identity !== monitor.latest()) return true;
      if (committed.ack !== undefined) acks.add(committed.ack, identity);
      committed.onSent?.();
      return true;
    } catch (error) {
      degraded.set(1);
      const messages = committed.outgoing.length;
      o.log.warn({ error: errorMessage(error), messages }, "publish failed, the sweep will retry");
      return false;
    }
  }

  /** Repeats without a pause until nothing is left, so that the backlog is gone soon after an outage. */
  async function sweep(): Promise<void> {
    while (!closing) {
      degraded.set(o.publisher.connected() ? 0 : 1);
      // A claimed message that cannot be published and acknowledged waits until its claim expires.
      if (!o.publisher.connected() || monitor.latest() === undefined) return;
      const claimed = await o.store.claim(claimSize);
      const sent = await Promise.all(claimed.map((committed) => send(committed, "sweep")));
      if (claimed.length === 0 || sent.includes(false)) return;
    }
  }

  async function measureBacklog(): Promise<void> {
    const { unsent, oldestSeconds } = await o.store.backlog();
    outboxUnsent.set(unsent);
    outboxOldestUnsent.set(Math.max(0, oldestSeconds));
  }

  const stopMeasuring = every(o.measureEveryMs ?? 5_000, measureBacklog, o.log, "at once");
  const stopMonitor = every(o.sampleEveryMs ?? 1_000, monitor.check, o.log, "at once");
  const stopAcks = every(o.acknowledgeEveryMs, acks.write, o.log);
  const stopSweep = every(o.sweepEveryMs, sweep, o.log);

  return {
    dispatch(committed) {
      if (committed.outgoing.length === 0) return;
      const sent: Promise<void> = send(committed, "direct").then(() => {
        sending.delete(sent);
      });
      sending.add(sent);
    },
    async close() {
      closing = true;
      await Promise.all([stopSweep(), stopMonitor(), stopMeasuring()]);
      await Promise.all(sending);
      await stopAcks();
      await acks.write();
    },
  };
}
