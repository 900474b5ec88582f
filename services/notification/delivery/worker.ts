import { every } from "@shop/kit/async/every";
import { type Clock, plusSeconds } from "@shop/kit/clock";
import { errorMessage } from "@shop/kit/errors/app-error";
import type { Log } from "@shop/kit/telemetry/log";
import { type Channel, Undeliverable } from "../channels/channel";
import type { DeliveryStore, Deps } from "../deps";
import { type Delivery, failed, givenBack, hasTime, leaseSeconds, type Outcome, sent } from "../domain/delivery";
import { notifications } from "../metrics";
import { isTemplate, render } from "../templates/render";

export type Postman = Deps["postman"] & {
  /** Takes over what nobody works on; runs by itself every second, if nothing else is said. */
  sweep(): Promise<void>;
  /** Finishes what is under way, gives back what is not. */
  close(): Promise<void>;
};

/**
 * Sends deliveries and notes what became of them. What it holds is bounded: with a slow mail server the rest waits in the
 * table. A crash between sending and noting sends a second copy with the same id, once the lease has ended.
 */
export function startPostman(o: {
  deliveries: DeliveryStore;
  channels: Record<string, Channel>;
  publicUrl: string;
  clock: Clock;
  log: Log;
  /** Sent at the same time. */
  concurrency: number;
  /** Taken on at the same time. */
  room: number;
  sweepEveryMs?: number;
}): Postman {
  const waiting: Delivery[] = [];
  const underway = new Set<Promise<void>>();
  const outcomes: Outcome[] = [];
  let stopping = false;

  async function attempt(delivery: Delivery): Promise<void> {
    const { template, recipient: to, id, data } = delivery;
    try {
      const channel = o.channels[delivery.channel];
      if (!channel || !isTemplate(template)) throw new Undeliverable(`no ${delivery.channel} or ${template}`);
      await channel.send({ id, to, ...render(template, data, o.publicUrl) });
      outcomes.push(sent(delivery, o.clock.now()));
      notifications.inc({ template, outcome: "sent" });
    } catch (error) {
      // The text is for the table alone: mail servers repeat the address in it.
      const failure = { error: errorMessage(error), final: error instanceof Undeliverable };
      const outcome = failed(delivery, o.clock.now(), failure);
      outcomes.push(outcome);
      notifications.inc({ template, outcome: outcome.status === "failed" ? "failed" : "retried" });
      o.log.warn({ deliveryId: id, template, attempts: delivery.attempts, status: outcome.status }, "not delivered");
    }
  }

  function pump(): void {
    while (!stopping && underway.size < o.concurrency) {
      const delivery = waiting.shift();
      if (!delivery) return;
      // Waited for too long here: somebody else may have it by the time it is sent.
      if (!hasTime(delivery, o.clock.now())) continue;
      const sending: Promise<void> = attempt(delivery).then(() => {
        underway.delete(sending);
        pump();
      });
      underway.add(sending);
    }
  }

  function take(delivery: Delivery): void {
    waiting.push(delivery);
    pump();
  }

  /** All that ended since the last time, in one statement. What cannot be noted now is kept, or it would be sent again. */
  async function note(): Promise<void> {
    const batch = outcomes.splice(0);
    if (batch.length === 0) return;
    await o.deliveries.note(batch, o.clock.now()).catch((error) => {
      outcomes.unshift(...batch);
      throw error;
    });
  }

  const freeRoom = () => o.room - waiting.length - underway.size;

  async function sweep(): Promise<void> {
    await note();
    if (freeRoom() <= 0) return;
    const now = o.clock.now();
    const due = await o.deliveries.claim(now, plusSeconds(now, leaseSeconds), Math.min(100, freeRoom()));
    for (const delivery of due) take(delivery);
  }

  // Short, because a crash before the note sends the mail twice; not zero, so that busy times share a commit.
  const stopNoting = every(50, note, o.log);
  const stopSweeping = every(o.sweepEveryMs ?? 1_000, sweep, o.log);

  return {
    hasRoom: () => !stopping && freeRoom() > 0,
    take,
    sweep,
    async close() {
      stopping = true;
      await stopSweeping();
      await Promise.all(underway);
      outcomes.push(...waiting.splice(0).map((delivery) => givenBack(delivery, o.clock.now())));
      await stopNoting();
      await note();
    },
  };
}
