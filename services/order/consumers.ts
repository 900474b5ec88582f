import type { Messages } from "@shop/contracts/messages";
import type { Consumers } from "@shop/kit/messaging/consumer";
import { abandonPayment } from "./commands/abandon-payment";
import { beginPayment } from "./commands/begin-payment";
import { continueSaga } from "./commands/continue-saga";
import { settlePayment } from "./commands/settle-payment";
import type { Deps } from "./deps";

export const consumers: Consumers<Deps, Messages> = {
  "inventory.updated": continueSaga,
  "payment.processed": continueSaga,
  "payment.failed": continueSaga,
  "payment.voided": continueSaga,
  "payment.refunded": continueSaga,
  "order.begin": beginPayment,
  "order.settle": settlePayment,
  "order.abandon": abandonPayment,
};
