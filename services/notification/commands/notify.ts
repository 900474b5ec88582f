import { plusSeconds } from "@shop/kit/clock";
import type { Message } from "@shop/kit/messaging/envelope";
import type { Deps } from "../deps";
import { leaseSeconds } from "../domain/delivery";
import { notifications } from "../metrics";
import { render, type Template, type TemplateData } from "../templates/render";

/** `email` is undefined if the user no longer exists: the delivery is then recorded as skipped. */
type Notification<T extends Template> = {
  userId: string;
  email: string | undefined;
  template: T;
  data: TemplateData<T>;
};

const channel = "email";

/**
 * Records a delivery and hands it to the delivery worker. The message is then handled: if the mail server is
 * unavailable, only the delivery is retried. A duplicate message finds the existing delivery and changes nothing.
 */
export async function notify<T extends Template>(
  deps: Deps,
  message: Message,
  { userId, email, template, data }: Notification<T>,
): Promise<void> {
  const now = deps.clock.now();
  const sendNow = Boolean(email) && deps.worker.hasCapacity();
  const delivery = {
    id: Bun.randomUUIDv7(),
    channel,
    template,
    data,
    attempts: sendNow ? 1 : 0,
    traceparent: message.traceparent,
    leaseUntil: sendNow ? plusSeconds(now, leaseSeconds) : now,
  };
  const isNew = await deps.deliveries.record({
    ...delivery,
    messageId: message.id,
    userId,
    recipient: email ?? null,
    subject: render(template, data, deps.publicUrl).subject,
    status: !email ? "skipped" : sendNow ? "sending" : "pending",
    createdAt: now,
  });
  if (!isNew) return;
  if (!email) notifications.inc({ template, outcome: "skipped" });
  else if (sendNow) deps.worker.accept({ ...delivery, recipient: email });
}
