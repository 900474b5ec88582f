import type { Draft } from "@shop/contracts/messages";
import type { Message } from "@shop/kit/messaging/envelope";
import type { Change, Reply, Saga } from "@shop/kit/saga/definition";
import { moveTo, type Order } from "../domain/order";
import { cancelWithReason, isReleased, isVoided, release } from "./messages";

/** The value of `cancelReason` if the owner or an employee requested the cancellation. */
export const cancelRequested = "order.cancel_requested";

/**
 * Cancels a confirmed order: return the money, then the stock. The first step is the pivot, so nothing is compensated; the
 * later steps are retried until they succeed. The step that voids the payment is not called `funds`, because payment may
 * charge an order whose saga is at a step of that name.
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

/** Names the payment by its id. The payment service cannot find it by this saga's id, because another saga made it. */
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
