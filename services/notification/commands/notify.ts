import { plusSeconds } from "@shop/kit/clock";
import type { Message } from "@shop/kit/messaging/envelope";
import type { Deps } from "../deps";
import { leaseSeconds } from "../domain/delivery";
import { notifications } from "../metrics";
import { type DataOf, render, type Template } from "../templates/render";

type Notice<T extends Template> = { userId: string; email: string | undefined; template: T; data: DataOf<T> };

const channel = "email";

/**
 * Records that somebody is to be told, then hands it to the postman. Once it is recorded the message is done with: from
 * then on a mail server that is away is the delivery's problem, not the queue's. A message that comes twice finds the
 * delivery of the first time.
 */
export async function notify<T extends Template>(deps: Deps, message: Message, notice: Notice<T>): Promise<void> {
  const { userId, email, template, data } = notice;
  const now = deps.clock.now();
  const atOnce = deps.postman.hasRoom();
  const delivery = {
    id: Bun.randomUUIDv7(),
    channel,
    template,
    data,
    attempts: email && atOnce ? 1 : 0,
    leaseUntil: email && atOnce ? plusSeconds(now, leaseSeconds) : now,
  };
  const isNew = await deps.deliveries.record({
    ...delivery,
    messageId: message.id,
    userId,
    recipient: email ?? null,
    subject: render(template, data, deps.publicUrl).subject,
    status: !email ? "skipped" : atOnce ? "sending" : "pending",
    createdAt: now,
  });
  if (!isNew) return;
  if (!email) notifications.inc({ template, outcome: "skipped" });
  else if (atOnce) deps.postman.take({ ...delivery, recipient: email });
}
