import type { Messages } from "@shop/contracts/messages";
import type { Consumers } from "@shop/kit/messaging/consumer";
import { notifyBuyer } from "./commands/notify-buyer";
import { verifyNewEmail, welcomeUser } from "./commands/welcome-user";
import type { Deps } from "./deps";

export const consumers: Consumers<Deps, Messages> = {
  "user.registered": welcomeUser,
  "user.email_changed": verifyNewEmail,
  "order.confirmed": notifyBuyer("order.confirmed"),
  "order.cancelled": notifyBuyer("order.cancelled"),
  "order.status_changed": notifyBuyer("order.status_changed"),
  "payment.refunded": notifyBuyer("payment.refunded"),
};
