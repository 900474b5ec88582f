import type { Messages } from "@shop/contracts/messages";
import type { Consumers } from "@shop/kit/messaging/consumer";
import { chargeOrder } from "./commands/charge-order";
import { continueSaga } from "./commands/continue-saga";
import { voidPayment } from "./commands/void-payment";
import type { Deps } from "./deps";

export const consumers: Consumers<Deps, Messages> = {
  "payment.charge": chargeOrder,
  "payment.void": voidPayment,
  "order.status_changed": continueSaga,
  "order.payment_refused": continueSaga,
};
