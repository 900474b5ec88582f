import { type Draft, isMessage } from "@shop/contracts/messages";
import { invariant } from "@shop/kit/errors/invariant";
import type { Message } from "@shop/kit/messaging/envelope";
import type { Change, Failure, Reply, Saga } from "@shop/kit/saga/definition";
import { moveTo, type Order } from "../domain/order";
import { holdExpired } from "../domain/payability";
import {
  cancelWithReason,
  isReleased,
  isVoided,
  orderConfirmed,
  parseReservation,
  paymentRefused,
  release,
  reserveStock,
  statusChanged,
} from "./messages";

/**
 * The order service's part of the payment service's saga pay-order; both have the same saga id. Pins the stock, allows the
 * payment service to charge, and waits for the result: `order.settle` or `order.abandon`.
 */
export const takePayment: Saga<Order> = {
  name: "take-payment",
  steps: [
    { name: "order", kind: "local", do: startPaying, undo: cancel },
    { name: "stock", kind: "remote", do: pinStock, undo: release, parseReply: parsePin, isUndone: isReleased },
    {
      name: "payment",
      kind: "remote",
      pivot: true,
      do: allowCharge,
      undo: voidPayment,
      parseReply: parseResult,
      applyReply: applyResult,
      isUndone: isVoided,
    },
    { name: "approve", kind: "local", do: confirm },
  ],
};

function startPaying(order: Order): Change<Order> {
  return { aggregate: moveTo(order, "paying"), drafts: [] };
}

function cancel(order: Order, { code }: Failure): Change<Order> {
  const { aggregate, drafts } = cancelWithReason(order, code);
  const { id, status } = getPayment(order);
  const payment = { id, status: status === "voided" ? status : ("failed" as const) };
  return { aggregate: { ...aggregate, payment }, drafts: [...drafts, paymentRefused(order, id, code)] };
}

/** Pins the hold: inventory no longer lets it lapse, and only this service releases it. */
function pinStock(order: Order): Draft {
  return reserveStock(order);
}

/** The stock was on hold, so a rejection means that the hold has lapsed and the stock was sold to another order. */
function parsePin(message: Message): Reply | undefined {
  const reply = parseReservation(message);
  return reply && "rejected" in reply ? { rejected: holdExpired } : reply;
}

function allowCharge(order: Order): Draft {
  return statusChanged(order, "awaiting_payment", "paying");
}

function voidPayment(order: Order, _output: unknown, { code }: Failure): Draft {
  return { type: "payment.void", data: { orderId: order.id, paymentId: getPayment(order).id, reason: code } };
}

function parseResult(message: Message): Reply | undefined {
  if (isMessage(message, "order.settle")) return { ok: {} };
  if (isMessage(message, "order.abandon")) return { rejected: message.data.code };
  return undefined;
}

function applyResult(order: Order, message: Message): Order {
  const { id } = getPayment(order);
  if (isMessage(message, "order.settle")) return { ...order, payment: { id, status: "completed" } };
  if (isVoided(message)) return { ...order, payment: { id, status: "voided" } };
  if (isMessage(message, "order.abandon")) {
    const refusedPayments = [...(order.refusedPayments ?? []), id];
    return { ...order, payment: { id, status: "failed" }, refusedPayments };
  }
  return order;
}

function confirm(order: Order): Change<Order> {
  return {
    aggregate: moveTo(order, "confirmed"),
    drafts: [orderConfirmed(order), statusChanged(order, "paying", "confirmed")],
  };
}

function getPayment({ id, payment }: Order): NonNullable<Order["payment"]> {
  invariant(payment, `order ${id} must have a payment while it is being paid`);
  return payment;
}
