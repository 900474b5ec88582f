import type { Page, StoredOrder } from "./deps";
import type { Order } from "./domain/order";

/** An order without its history, as clients see it. */
const toOrderSummary = ({
  paymentMethod: _,
  refusedPayments: __,
  holdExpiresAt,
  cancelRequested,
  createdAt,
  updatedAt,
  ...order
}: Order) => ({
  ...order,
  ...(holdExpiresAt && { holdExpiresAt: holdExpiresAt.toISOString() }),
  ...(cancelRequested && { cancelRequested: cancelRequested.toISOString() }),
  createdAt: createdAt.toISOString(),
  updatedAt: updatedAt.toISOString(),
});

/** An order with its history, as clients see it. */
export const toOrderView = ({ order, timeline }: StoredOrder) => ({ ...toOrderSummary(order), history: timeline });

export const toOrderPage = ({ items, nextCursor }: Page) => ({ items: items.map(toOrderSummary), nextCursor });

/** The order's path as the client sees it. The edge sends the prefix under which it serves this service. */
export const toLocation = ({ order }: StoredOrder, request: Request): string =>
  `${request.headers.get("x-forwarded-prefix") ?? ""}/orders/${order.id}`;
