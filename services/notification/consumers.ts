import type { Messages } from "@shop/contracts/messages";
import type { Consumers } from "@shop/kit/messaging/consumer";
import { tellCancelled, tellConfirmed, tellRefunded, tellShipped } from "./commands/notify-buyer";
import { verifyNewEmail, welcomeUser } from "./commands/welcome-user";
import type { Deps } from "./deps";

export const consumers: Consumers<Deps, Messages> = {
  "user.registered": welcomeUser,
  "user.email_changed": verifyNewEmail,
  "order.confirmed": tellConfirmed,
  "order.cancelled": tellCancelled,
  "order.status_changed": tellShipped,
  "payment.refunded": tellRefunded,
};
