import { every } from "@shop/kit/async/every";
import { type Clock, plusSeconds } from "@shop/kit/clock";
import type { Log } from "@shop/kit/telemetry/log";
import { inSpan, SpanKind } from "@shop/kit/telemetry/tracing";
import type { Channel } from "../channels/channel";
import type { DeliveryStore, DeliveryWorker } from "../deps";
import { leaseSeconds, releasedOutcome } from "../domain/delivery";
import { attemptDelivery } from "./attempt";
import { outcomeBuffer } from "./outcome-buffer";
import { deliveryQueue } from "./queue";

export type RunningDeliveryWorker = DeliveryWorker & {
  /** Claims and sends due deliveries. Runs by itself every `sweepEveryMs`. */
  sweep(): Promise<void>;
  /** Finishes the attempts under way and releases the other deliveries. */
  close(): Promise<void>;
};

/** Short, because a crash before the flush sends a mail twice. Not zero, so that outcomes share a commit under load. */
const flushEveryMs = 50;

const sweepSizeMax = 100;

/**
 * Sends deliveries and records their outcomes. Its queue is bounded: while the mail server is slow, deliveries wait
 * in the table. After a crash between sending and recording, the delivery is sent again with the same Message-ID
 * when its lease has ended.
 */
export function startDeliveryWorker(o: {
  deliveries: DeliveryStore;
  channels: Record<string, Channel>;
  publicUrl: string;
  clock: Clock;
  log: Log;
  /** The limit on deliveries being sent at the same time. */
  concurrency: number;
  /** The limit on deliveries in memory: those being sent and those that wait. */
  capacity: number;
  sweepEveryMs?: number;
}): RunningDeliveryWorker {
  const outcomes = outcomeBuffer(o);
  const queue = deliveryQueue({
    ...o,
    async send(delivery) {
      const span = { kind: SpanKind.CLIENT, traceparent: delivery.traceparent, root: true };
      outcomes.add(await inSpan(`send ${delivery.template}`, span, () => attemptDelivery(o, delivery)));
    },
  });

  async function sweep(): Promise<void> {
    await outcomes.flush();
    const free = queue.freeCapacity();
    if (free <= 0) return;
    const now = o.clock.now();
    const due = await o.deliveries.claim(now, plusSeconds(now, leaseSeconds), Math.min(sweepSizeMax, free));
    for (const delivery of due) queue.add(delivery);
  }

  const stopFlushing = every(flushEveryMs, outcomes.flush, o.log);
  const stopSweeping = every(o.sweepEveryMs ?? 1_000, sweep, o.log);

  return {
    hasCapacity: queue.hasCapacity,
    accept: queue.add,
    sweep,
    async close() {
      queue.stop();
      await stopSweeping();
      const unsent = await queue.drain();
      outcomes.add(...unsent.map((delivery) => releasedOutcome(delivery, o.clock.now())));
      await stopFlushing();
      await outcomes.flush();
    },
  };
}
