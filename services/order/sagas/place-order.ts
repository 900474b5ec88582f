import { type Draft, isMessage } from "@shop/contracts/messages";
import type { Message, Draft as UncheckedDraft } from "@shop/kit/messaging/envelope";
import type { Change, Failure, Reply, Saga } from "@shop/kit/saga/definition";
import { moveTo, type Order } from "../domain/order";
import {
  cancelWithReason,
  isReleased,
  isVoided,
  orderConfirmed,
  orderCreated,
  parseReservation,
  release,
  reserveStock,
  statusChanged,
} from "./messages";

/** Places an order that is paid at once: reserve the stock, charge, confirm. */
export const placeOrder: Saga<Order> = {
  name: "place-order",
  steps: [
    { name: "order", kind: "local", do: open, undo: cancel },
    { name: "stock", kind: "remote", do: reserve, undo: release, parseReply: parseReservation, isUndone: isReleased },
    {
      name: "funds",
      kind: "remote",
      pivot: true,
      do: charge,
      undo: voidCharge,
      parseReply: parseCharge,
      applyReply: applyCharge,
      isUndone: isVoided,
    },
    { name: "approve", kind: "local", do: confirm },
  ],
};

/** Places an order that is paid for later: reserve the stock until `holdExpiresAt`, then wait for a payment to begin. */
export const placeUnpaidOrder: Saga<Order> = {
  name: "place-unpaid-order",
  steps: [
    { name: "order", kind: "local", do: open, undo: cancel },
    { name: "stock", kind: "remote", do: reserve, undo: release, parseReply: parseReservation, isUndone: isReleased },
    { name: "await_payment", kind: "local", do: awaitPayment },
  ],
};

function open(order: Order): Change<Order> {
  return { aggregate: order, drafts: [orderCreated(order)] };
}

function cancel(order: Order, { code }: Failure): Change<Order> {
  return cancelWithReason(order, code);
}

/** The hold expires only if the order is paid for later. */
function reserve(order: Order): Draft {
  return reserveStock(order, order.holdExpiresAt);
}

/** Has no payment method yet. The store adds it when it sends the message, so that the history does not contain the token. */
function charge(order: Order): UncheckedDraft {
  return { type: "payment.charge", data: { orderId: order.id } };
}

function voidCharge(order: Order, _output: unknown, { code }: Failure): Draft {
  return { type: "payment.void", data: { orderId: order.id, reason: code } };
}

function parseCharge(message: Message): Reply | undefined {
  if (isMessage(message, "payment.processed")) return { ok: { paymentId: message.data.paymentId } };
  if (isMessage(message, "payment.failed")) return { rejected: message.data.code };
  return undefined;
}

/** Records the payment and removes the sealed token, which is no longer needed. */
function applyCharge(order: Order, message: Message): Order {
  const { sealedToken: _, ...paymentMethod } = order.paymentMethod ?? { provider: "" };
  const charged = { ...order, paymentMethod };
  if (isMessage(message, "payment.processed"))
    return { ...charged, payment: { id: message.data.paymentId, status: "completed" } };
  if (isMessage(message, "payment.failed"))
    return { ...charged, payment: { id: message.data.paymentId, status: "failed" } };
  if (isVoided(message)) return { ...charged, payment: { id: message.data.paymentId, status: "voided" } };
  return order;
}

function confirm(order: Order): Change<Order> {
  return { aggregate: moveTo(order, "confirmed"), drafts: [orderConfirmed(order)] };
}

function awaitPayment(order: Order): Change<Order> {
  return {
    aggregate: moveTo(order, "awaiting_payment"),
    drafts: [statusChanged(order, "pending", "awaiting_payment")],
  };
}
