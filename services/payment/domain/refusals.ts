import { AppError } from "@shop/kit/errors/app-error";

/** The texts for the error codes with which the order service refuses a payment. */
const messages: Record<string, string | undefined> = {
  "order.not_awaiting_payment": "This order is not awaiting payment yet.",
  "order.being_paid": "A payment for this order is already in progress.",
  "order.already_paid": "This order is already paid.",
  "order.hold_expired": "The time to pay for this order has expired.",
  "order.cancelled": "This order is cancelled.",
};

/** The error (409) for an order that cannot be paid for now. Unknown codes are passed on with a general text. */
export const paymentRefused = (code: string): AppError =>
  new AppError(code, { kind: "conflict", public: messages[code] ?? "This order cannot be paid for." });
