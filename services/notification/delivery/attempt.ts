import type { Clock } from "@shop/kit/clock";
import { errorMessage } from "@shop/kit/errors/app-error";
import type { Log } from "@shop/kit/telemetry/log";
import { type Channel, Undeliverable } from "../channels/channel";
import { type Delivery, failedOutcome, type Outcome, sentOutcome } from "../domain/delivery";
import { notifications } from "../metrics";
import { isTemplate, render } from "../templates/render";

type AttemptOptions = { channels: Record<string, Channel>; publicUrl: string; clock: Clock; log: Log };

/**
 * Sends a delivery once.
 * @returns the outcome to be recorded. A failure is an outcome, too.
 */
export async function attemptDelivery(o: AttemptOptions, delivery: Delivery): Promise<Outcome> {
  const { template, recipient: to, id, data } = delivery;
  try {
    const channel = o.channels[delivery.channel];
    if (!channel || !isTemplate(template))
      throw new Undeliverable(`unknown channel or template: ${delivery.channel}, ${template}`);
    await channel.send({ id, to, ...render(template, data, o.publicUrl) });
    notifications.inc({ template, outcome: "sent" });
    return sentOutcome(delivery, o.clock.now());
  } catch (error) {
    // A mail server's error text may contain the recipient's address, so it is stored in the table and not logged.
    const failure = { error: errorMessage(error), final: error instanceof Undeliverable };
    const outcome = failedOutcome(delivery, o.clock.now(), failure);
    notifications.inc({ template, outcome: outcome.status === "failed" ? "failed" : "retried" });
    o.log.warn(
      { deliveryId: id, template, attempts: delivery.attempts, status: outcome.status },
      "delivery attempt failed",
    );
    return outcome;
  }
}
