import type { Order } from "./order";

export const holdExpired = "order.hold_expired";

/** Why an order's owner cannot begin to pay for it now: an error code; undefined while it awaits payment. */
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

/** Whether the time to pay is over. It counts while the order awaits payment, and then order alone decides it. */
export const isLapsed = ({ holdExpiresAt }: Pick<Order, "holdExpiresAt">, now: Date): boolean =>
  holdExpiresAt !== undefined && holdExpiresAt <= now;
