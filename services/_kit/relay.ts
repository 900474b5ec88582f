import { textOf } from "./errors";
import type { Log } from "./log";
import { degraded, outboxLag } from "./metrics";
import type { Outgoing, Publisher } from "./publisher";

/** Where committed messages wait for being sent. `A` is what the store needs to know again to note a message as sent. */
export type OutboxStore<A> = {
  /** Messages committed a while ago and not noted as sent; claimed, so that two sweeps do not take the same ones. */
  claim(limit: number): Promise<Committed<A>[]>;
  acknowledge(acks: A[]): Promise<void>;
};

/** Messages of one commit, in order, and how to note them as sent. */
export type Committed<A> = { outgoing: Outgoing[]; ack?: A };

export type Relay<A> = {
  /** Publishes what was just committed, at once and off the caller's path. A failure is left to the sweep. */
  dispatch(committed: Committed<A>): void;
  /** Sends what waits and stops. */
  close(): Promise<void>;
};

/**
 * Moves messages from an outbox into the queues. The committing process sends at once; the sweep sends what a crash or an
 * outage of Redis left behind. A message may be sent twice, but never not at all.
 */
export function startRelay<A>(o: {
  store: OutboxStore<A>;
  publisher: Publisher;
  log: Log;
  /** How long a message may wait for being noted as sent; notes are written together. */
  acknowledgeEveryMs: number;
  sweepEveryMs: number;
}): Relay<A> {
  let acks: A[] = [];
  let closing = false;
  const underway = new Set<Promise<void>>();

  async function send(committed: Committed<A>, way: "direct" | "sweep"): Promise<boolean> {
    try {
      await o.publisher.publish(committed.outgoing);
      degraded.set(0);
      for (const { message } of committed.outgoing)
        outboxLag.observe({ way }, Math.max(0, Date.now() - Date.parse(message.time)) / 1000);
      if (committed.ack !== undefined) acks.push(committed.ack);
      return true;
    } catch (error) {
      degraded.set(1);
      o.log.warn({ error: textOf(error), messages: committed.outgoing.length }, "not published, left to the sweep");
      return false;
    }
  }

  async function writeAcks(): Promise<void> {
    if (acks.length === 0) return;
    const batch = acks;
    acks = [];
    // Lost notes cost a second publish, which its consumer drops.
    await o.store.acknowledge(batch).catch((error) => o.log.warn({ error: textOf(error) }, "not acknowledged"));
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
      await stopSweep();
      await Promise.all(underway);
      await stopAcks();
      await writeAcks();
    },
  };
}

/** Runs `work` again and again with a pause between; a failure is logged and tried again. @returns stops it and waits for the run under way */
export function every(pauseMs: number, work: () => Promise<unknown>, log: Log): () => Promise<void> {
  let stopped = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let running: Promise<void> = Promise.resolve();
  const next = () => {
    if (!stopped) timer = setTimeout(run, pauseMs * (0.9 + 0.2 * Math.random()));
  };
  const run = () => {
    running = (async () => work())().then(next, (error) => {
      log.warn({ err: error }, "a repeated task failed");
      next();
    });
  };
  next();
  return async () => {
    stopped = true;
    clearTimeout(timer);
    await running;
  };
}
