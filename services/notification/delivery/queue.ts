import type { Clock } from "@shop/kit/clock";
import { type Delivery, hasTimeForAttempt } from "../domain/delivery";

/** The deliveries that a worker has claimed. At most `concurrency` of them are being sent; the others wait in memory. */
export function deliveryQueue(o: {
  /** The limit on all deliveries in the queue: those that wait and those being sent. */
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
      // The delivery has waited too long: its lease might end during the attempt, and another worker would send it, too. It
      // is dropped here, and a later sweep claims it again.
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

    /**
     * Waits for the attempts under way.
     * @returns the deliveries that were not attempted
     */
    async drain(): Promise<Delivery[]> {
      await Promise.all(sending);
      return waiting.splice(0);
    },
  };
}
