import type { Order } from "./order";

/** The error code for an order whose time to pay is over. */
export const holdExpired = "order.hold_expired";

/** @returns why a payment for this order cannot begin now, as an error code; undefined if it can */
export function paymentRefusal(
  order: Pick<Order, "status" | "holdExpiresAt" | "cancelReason">,
  now: Date,
): string | undefined {
  switch (order.status) {
    case "awaiting_payment":
      return isLapsed(order, now) ? holdExpired : undefined;
    case "pending":
      return "order.not_awaiting_payment";
    case "paying":
      return "order.being_paid";
    case "cancelling":
    case "cancelled":
      return order.cancelReason === holdExpired ? holdExpired : "order.cancelled";
    default:
      return "order.already_paid";
  }
}

/** Whether the time to pay is over. Only meaningful while the order awaits payment. */
export const isLapsed = ({ holdExpiresAt }: Pick<Order, "holdExpiresAt">, now: Date): boolean =>
  holdExpiresAt !== undefined && holdExpiresAt <= now;
