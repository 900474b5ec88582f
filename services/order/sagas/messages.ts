import { type Draft, isMessage, type MessageFor } from "@shop/contracts/messages";
import type { Message } from "@shop/kit/messaging/envelope";
import type { Change, Reply } from "@shop/kit/saga/definition";
import { moveTo, type Order, type OrderStatus } from "../domain/order";

/** Messages and replies that more than one saga or command uses. Those of a single saga are in its own file. */

const toPayload = ({ id, userId, items, total }: Order) => ({ orderId: id, userId, items, total });

export const orderCreated = (order: Order): Draft => ({ type: "order.created", data: toPayload(order) });
export const orderConfirmed = (order: Order): Draft => ({ type: "order.confirmed", data: toPayload(order) });

export const statusChanged = ({ id, userId }: Order, from: OrderStatus, to: OrderStatus): Draft => ({
  type: "order.status_changed",
  data: { orderId: id, userId, from, to },
});

/** Refuses a payment. The payment service makes no charge for it. */
export const paymentRefused = (order: Order, paymentId: string, code: string): Draft => ({
  type: "order.payment_refused",
  data: { orderId: order.id, paymentId, code },
});

/** The last change of an order that is cancelled. `code` is an error code that says why. */
export function cancelWithReason(order: Order, code: string): Change<Order> {
  const cancelled: Draft = { type: "order.cancelled", data: { ...toPayload(order), reason: code } };
  return { aggregate: { ...moveTo(order, "cancelled"), cancelReason: code }, drafts: [cancelled] };
}

/** @param expiresAt when inventory releases the hold by itself; without it the hold is pinned */
export const reserveStock = ({ id, items }: Order, expiresAt?: Date): Draft => ({
  type: "inventory.reserve",
  data: {
    orderId: id,
    items: items.map(({ productId, quantity }) => ({ productId, quantity })),
    ...(expiresAt && { expiresAt: expiresAt.toISOString() }),
  },
});

export function parseReservation(message: Message): Reply | undefined {
  if (!isMessage(message, "inventory.updated")) return undefined;
  if (message.data.change === "reserved") return { ok: {} };
  if (message.data.change === "rejected") return { rejected: message.data.code ?? "inventory.rejected" };
  return undefined;
}

export const release = ({ id }: Order): Draft => ({ type: "inventory.release", data: { orderId: id } });

export const isReleased = (message: Message): boolean =>
  isMessage(message, "inventory.updated") && message.data.change === "released";

export const isVoided = (message: Message): message is MessageFor<"payment.voided"> =>
  isMessage(message, "payment.voided");
