import type { Clock } from "@shop/kit/clock";
import { type Delivery, hasTimeForAttempt } from "../domain/delivery";

/** The deliveries that a worker has claimed: at most `concurrency` are being sent, the others wait in memory. */
export function deliveryQueue(o: {
  /** The limit on waiting deliveries and those being sent together. */
  capacity: number;
  concurrency: number;
  clock: Clock;
  send: (delivery: Delivery) => Promise<void>;
}) {
  const waiting: Delivery[] = [];
  const sending = new Set<Promise<void>>();
  let stopped = false;

  function startNext(): void {
    while (!stopped && sending.size < o.concurrency) {
      const delivery = waiting.shift();
      if (!delivery) return;
      // Dropped after a long wait: its lease might end during the attempt, and another worker would send it too.
      if (!hasTimeForAttempt(delivery, o.clock.now())) continue;
      const attempt: Promise<void> = o.send(delivery).then(() => {
        sending.delete(attempt);
        startNext();
      });
      sending.add(attempt);
    }
  }

  const freeCapacity = () => o.capacity - waiting.length - sending.size;

  return {
    freeCapacity,
    hasCapacity: () => !stopped && freeCapacity() > 0,

    add(delivery: Delivery): void {
      waiting.push(delivery);
      startNext();
    },

    /** Starts no more attempts. */
    stop(): void {
      stopped = true;
    },

    /** Waits for the attempts under way. @returns the deliveries that still wait */
    async drain(): Promise<Delivery[]> {
      await Promise.all(sending);
      return waiting.splice(0);
    },
  };
}
