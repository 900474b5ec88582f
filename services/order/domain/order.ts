import type { Money } from "@shop/contracts/common";
import { AppError } from "@shop/kit/errors/app-error";

/** One product of an order. Name and price are copied from the product when the order is placed. */
export type OrderLine = { productId: string; name: string; quantity: number; unitPrice: Money };

export type Order = {
  /** A UUIDv7, so ids sort by creation time. */
  id: string;
  /** The owner of the order: the user who placed it. */
  userId: string;
  status: OrderStatus;
  /** One line per product. */
  items: OrderLine[];
  /** The sum of all lines. */
  total: Money;
  shippingAddress?: ShippingAddress;
  /**
   * Absent on an order that is paid for later. The token is encrypted with the payment service's key, and is removed when
   * the charge has succeeded or failed.
   */
  paymentMethod?: { provider: string; sealedToken?: string };
  /** Only on an order that is paid for later: the time at which the order stops waiting for payment and releases its stock. */
  holdExpiresAt?: Date;
  /** The latest payment that began. */
  payment?: { id: string; status: "pending" | "completed" | "failed" | "voided" };
  /** Ids of payments that failed or were refused. A late attempt to begin one of them is refused. */
  refusedPayments?: string[];
  /** When cancellation was first requested. From then on the order is neither confirmed nor shipped. */
  cancelRequested?: Date;
  /** Why the order is or was cancelled: an error code. */
  cancelReason?: string;
  createdAt: Date;
  /** The time of the last write. */
  updatedAt: Date;
};

export type ShippingAddress = {
  name: string;
  line1: string;
  line2?: string;
  city: string;
  postalCode: string;
  /** ISO 3166-1 alpha-2 */
  country: string;
};

/** For each status, the statuses that may follow it. */
export const transitions = {
  pending: ["confirmed", "awaiting_payment", "cancelling", "cancelled"],
  awaiting_payment: ["paying", "cancelling", "cancelled"],
  paying: ["confirmed", "awaiting_payment", "cancelling", "cancelled"],
  confirmed: ["shipped", "cancelling"],
  cancelling: ["cancelled"],
  shipped: ["delivered"],
  delivered: ["refunded"],
  cancelled: [],
  refunded: [],
} as const satisfies Record<string, readonly string[]>;

export type OrderStatus = keyof typeof transitions;
export const orderStatuses = Object.keys(transitions) as OrderStatus[];

/**
 * Changes an order's status.
 * @returns the same object if the order has this status already
 * @throws AppError `order.illegal_transition`, `order.being_cancelled` (409)
 */
export function moveTo(order: Order, status: OrderStatus): Order {
  if (order.status === status) return order;
  if (!(transitions[order.status] as readonly OrderStatus[]).includes(status))
    throw new AppError("order.illegal_transition", {
      kind: "conflict",
      public: `The status of this order cannot change from ${order.status} to ${status}.`,
    });
  if (order.cancelRequested && (status === "confirmed" || status === "shipped"))
    throw new AppError("order.being_cancelled", { kind: "conflict", public: "This order is being cancelled." });
  return { ...order, status };
}
