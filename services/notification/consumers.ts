import type { Messages } from "@shop/contracts/messages";
import type { Consumers } from "@shop/kit/consumer";
import { tellCancelled, tellConfirmed, tellShipped } from "./commands/tell-buyer";
import { welcomeUser } from "./commands/welcome-user";
import type { Deps } from "./deps";

export const consumers: Consumers<Deps, Messages> = {
  "user.registered": welcomeUser,
  "order.confirmed": tellConfirmed,
  "order.cancelled": tellCancelled,
  "order.status_changed": tellShipped,
};
