import type { Draft } from "@shop/contracts/messages";
import type { Message } from "@shop/kit/messaging/envelope";
import type { Change, Reply, Saga } from "@shop/kit/saga/definition";
import { moveTo, type Order } from "../domain/order";
import { cancelWithReason, isReleased, isVoided, release } from "./messages";

/** The cancel reason if the owner or an employee requested the cancellation. */
export const cancelRequested = "order.cancel_requested";

/**
 * Cancels a confirmed order: return the money, then the stock. The first step is the pivot, so no step can be rejected or
 * undone; each is retried until it is done. The step that voids the payment is not called `funds`, because that name marks
 * an order that payment may still charge.
 */
export const cancelOrder: Saga<Order> = {
  name: "cancel-order",
  steps: [
    { name: "block_shipping", kind: "local", pivot: true, do: startCancelling },
    { name: "give_back", kind: "remote", do: voidPayment, parseReply: parseVoid, applyReply: applyVoid },
    { name: "restock", kind: "remote", do: release, parseReply: parseRelease },
    { name: "end", kind: "local", do: cancel },
  ],
};

/** Cancels an order that awaits payment, because that was requested or because its hold has lapsed. */
export const cancelUnpaidOrder: Saga<Order> = {
  name: "cancel-unpaid-order",
  steps: [
    { name: "block_payment", kind: "local", pivot: true, do: startCancelling },
    { name: "restock", kind: "remote", do: release, parseReply: parseRelease },
    { name: "end", kind: "local", do: cancel },
  ],
};

function startCancelling(order: Order): Change<Order> {
  return { aggregate: moveTo(order, "cancelling"), drafts: [] };
}

/** Carries the payment's id: payment cannot find it by this saga's id, because another saga made the payment. */
function voidPayment({ id: orderId, payment }: Order): Draft {
  const data = { orderId, reason: cancelRequested, ...(payment && { paymentId: payment.id }) };
  return { type: "payment.void", data };
}

function parseVoid(message: Message): Reply | undefined {
  return isVoided(message) ? { ok: {} } : undefined;
}

function applyVoid(order: Order, message: Message): Order {
  if (!isVoided(message)) return order;
  return { ...order, payment: { id: message.data.paymentId, status: "voided" } };
}

function parseRelease(message: Message): Reply | undefined {
  return isReleased(message) ? { ok: {} } : undefined;
}

function cancel(order: Order): Change<Order> {
  return cancelWithReason(order, order.cancelReason ?? cancelRequested);
}
