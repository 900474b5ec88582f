import { type Draft, isMessage } from "@shop/contracts/messages";
import { invariant } from "@shop/kit/errors/invariant";
import type { Message } from "@shop/kit/messaging/envelope";
import type { Failure, Reply, Saga, SagaEvent } from "@shop/kit/saga/definition";
import { advance, newSaga } from "@shop/kit/saga/engine";
import { refundEvents, replyFor } from "../domain/events";
import { isAtEnd, type NewPayment, type Payment, reachesEnd } from "../domain/payment";

/**
 * Pays for an order that awaits payment: the order service accepts the payment and pins the stock, the money is captured, and
 * the order is confirmed. If the charge fails, the payment is abandoned. The saga is stored in its payment, so one commit
 * changes both.
 */
export const payOrder: Saga<Payment> = {
  name: "pay-order",
  steps: [
    {
      name: "begin",
      kind: "remote",
      do: beginCommand,
      parseReply: parseBeginReply,
      applyReply: applyRefusal,
      undo: abandonCommand,
      isUndone: isAbandoned,
    },
    { name: "funds", kind: "remote", pivot: true, do: noCommand, parseReply: parseFundsReply },
    { name: "settle", kind: "remote", do: settleCommand, parseReply: parseSettleReply },
  ],
};

function beginCommand({ id: paymentId, orderId }: Payment): Draft {
  return { type: "order.begin", data: { orderId, paymentId } };
}

function parseBeginReply(message: Message): Reply | undefined {
  if (isMessage(message, "order.payment_refused")) return { rejected: message.data.code };
  return hasStatus(message, "paying") ? { ok: {} } : undefined;
}

/** A refused payment fails with the code of the refusal. A refusal that replies to `order.abandon` changes nothing. */
function applyRefusal(payment: Payment, message: Message): Payment {
  if (!isMessage(message, "order.payment_refused") || isAtEnd(payment)) return payment;
  return { ...payment, status: "failed", failureCode: message.data.code, sealedToken: undefined };
}

function abandonCommand({ id: paymentId, orderId }: Payment, _output: unknown, { code }: Failure): Draft {
  return { type: "order.abandon", data: { orderId, paymentId, code } };
}

function isAbandoned(message: Message): boolean {
  return isMessage(message, "order.payment_refused") || hasStatus(message, "awaiting_payment");
}

/** No other service takes part: `converge` charges the card, and the event that it commits is the reply. */
function noCommand(): undefined {
  return undefined;
}

function parseFundsReply(message: Message): Reply | undefined {
  if (isMessage(message, "payment.processed")) return { ok: {} };
  if (isMessage(message, "payment.failed")) return { rejected: message.data.code };
  return isMessage(message, "payment.voided") ? { rejected: "payment.voided" } : undefined;
}

function settleCommand({ id: paymentId, orderId }: Payment): Draft {
  return { type: "order.settle", data: { orderId, paymentId } };
}

/** The order service refuses if cancellation was requested in the meantime. It then voids the payment itself. */
function parseSettleReply(message: Message): Reply | undefined {
  return isMessage(message, "order.payment_refused") || hasStatus(message, "confirmed") ? { ok: {} } : undefined;
}

const hasStatus = (message: Message, status: string): boolean =>
  isMessage(message, "order.status_changed") && message.data.to === status;

/** A payment after an event, and the messages to commit with it. */
export type PaymentTransition<P = Payment> = { payment: P; drafts: Draft[] };

/** Starts the saga of a payment that is not yet stored. */
export function startPaying(payment: NewPayment): PaymentTransition<NewPayment> {
  // The fields that the store adds are not used by the first step.
  const next = advance(payOrder, payment as Payment, newSaga(payOrder, payment.sagaId), { kind: "start" });
  invariant(next, "a new saga must start");
  return { payment: { ...payment, saga: next.state }, drafts: next.drafts as Draft[] };
}

/**
 * Applies an event to a payment's saga.
 * @returns undefined if the event is not a reply to the current step
 */
export function proceed(payment: Payment, event: SagaEvent): PaymentTransition | undefined {
  const next = payment.saga && advance(payOrder, payment, payment.saga, event);
  if (!next) return undefined;
  const after = { ...next.aggregate, saga: next.state };
  const ending = reachesEnd(payment, after) ? endEvents(after) : [];
  return { payment: after, drafts: [...ending, ...(next.drafts as Draft[])] };
}

/** Completes a change of a payment: if the payment ends, adds its events and moves its saga to the next step. */
export function conclude(before: Payment, after: Payment): PaymentTransition {
  if (!reachesEnd(before, after)) return { payment: after, drafts: [] };
  const next = proceed(after, { kind: "message", message: replyFor(after) as unknown as Message });
  return { payment: next?.payment ?? after, drafts: [...endEvents(after), ...(next?.drafts ?? [])] };
}

const endEvents = (payment: Payment): Draft[] => [...refundEvents(payment), replyFor(payment)];
