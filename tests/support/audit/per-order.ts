import type { OrderDocument } from "../../../services/order/store/documents";

/** @param check returns a text for each difference, and false for each comparison without one */
export const differencesPerOrder = (
  orders: OrderDocument[],
  check: (order: OrderDocument) => (string | false)[],
): string[] =>
  orders.flatMap((order) =>
    check(order)
      .filter((difference) => difference !== false)
      .map((difference) => `${order._id}: ${difference}`),
  );

/** The order is paid for, and its stock is sold. */
export const isSold = ({ status }: OrderDocument): boolean => ["confirmed", "shipped", "delivered"].includes(status);

export const isCancelled = ({ status }: OrderDocument): boolean => status === "cancelled";

export const isCancelledAfterConfirmation = (order: OrderDocument): boolean =>
  isCancelled(order) && order.history.some(({ type }) => type === "order.confirmed");
