import type { Money } from "@shop/contracts/common";
import { AppError } from "@shop/kit/errors/app-error";

export type OrderLine = { productId: string; name: string; quantity: number; unitPrice: Money };

export type Order = {
  id: string;
  userId: string;
  status: OrderStatus;
  items: OrderLine[];
  total: Money;
  shippingAddress?: ShippingAddress;
  /** The token is sealed for payment's key, and gone once the charge has ended. None on an order that is paid for later. */
  paymentMethod?: { provider: string; sealedToken?: string };
  /** Until when an order that is paid for later waits, and holds its stock. */
  holdExpiresAt?: Date;
  payment?: { id: string; status: "pending" | "completed" | "failed" | "voided" };
  /** Payments that came to nothing: should one of them ask late to begin, it is refused. */
  refusedPayments?: string[];
  /** Since when its owner wants it cancelled. From then on it is neither confirmed nor shipped. */
  cancelRequested?: Date;
  /** Why it was cancelled: an error code. */
  cancelReason?: string;
  createdAt: Date;
  updatedAt: Date;
};

export type ShippingAddress = {
  name: string;
  line1: string;
  line2?: string;
  city: string;
  postalCode: string;
  country: string;
};

/** The only legal moves. Reaching the state one is already in is a no-op; anything else is an error, never silence. */
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

/** @throws AppError `order.illegal_transition`, `order.being_cancelled` (409) */
export function moveTo(order: Order, status: OrderStatus): Order {
  if (order.status === status) return order;
  if (!(transitions[order.status] as readonly OrderStatus[]).includes(status))
    throw new AppError("order.illegal_transition", {
      kind: "conflict",
      public: `An order that is ${order.status} cannot become ${status}.`,
    });
  if (order.cancelRequested && (status === "confirmed" || status === "shipped"))
    throw new AppError("order.being_cancelled", { kind: "conflict", public: "This order is being cancelled." });
  return { ...order, status };
}
