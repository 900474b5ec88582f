import { type Draft, isMessage } from "@shop/contracts/messages";
import type { Message } from "@shop/kit/messaging/envelope";
import { advance, newSaga, type Saga, type SagaEvent, type SagaTransition } from "@shop/kit/saga/engine";
import { answerOf, hasEnded, isAtEnd, type NewPayment, type Payment, refundOf } from "../domain/payment";

/**
 * Pays for an order that waits for it: order pins its stock and says yes, the money is taken, order confirms. If the money
 * is refused, order is told to go on without it. The saga lies on its payment, and one commit moves both.
 */
export const payOrder: Saga<Payment> = {
  name: "pay-order",
  steps: [
    {
      name: "begin",
      kind: "remote",
      do: ({ id: paymentId, orderId }) => ({ type: "order.begin", data: { orderId, paymentId } }),
      parseReply: (message) => {
        if (isMessage(message, "order.payment_refused")) return { rejected: message.data.code };
        return isMessage(message, "order.status_changed") && message.data.to === "paying" ? { ok: {} } : undefined;
      },
      applyReply: (payment, message) =>
        isMessage(message, "order.payment_refused") && !isAtEnd(payment)
          ? { ...payment, status: "failed", failureCode: message.data.code, sealedToken: undefined }
          : payment,
      undo: ({ id: paymentId, orderId }, _output, { code }) => ({
        type: "order.abandon",
        data: { orderId, paymentId, code },
      }),
      isUndone: (message) =>
        isMessage(message, "order.payment_refused") ||
        (isMessage(message, "order.status_changed") && message.data.to === "awaiting_payment"),
    },
    {
      name: "funds",
      kind: "remote",
      pivot: true,
      // Nobody else is asked: `converge` takes the money, and what it tells is the answer.
      do: () => undefined,
      parseReply: (message) => {
        if (isMessage(message, "payment.processed")) return { ok: {} };
        if (isMessage(message, "payment.failed")) return { rejected: message.data.code };
        return isMessage(message, "payment.voided") ? { rejected: "payment.voided" } : undefined;
      },
    },
    {
      name: "settle",
      kind: "remote",
      do: ({ id: paymentId, orderId }) => ({ type: "order.settle", data: { orderId, paymentId } }),
      // Refused by an order that its owner wanted cancelled: then it has asked for the money back itself.
      parseReply: (message) => {
        if (isMessage(message, "order.payment_refused")) return { ok: {} };
        return isMessage(message, "order.status_changed") && message.data.to === "confirmed" ? { ok: {} } : undefined;
      },
    },
  ],
};

/** A payment after something happened, and what is told then. */
export type Moved<P = Payment> = { payment: P; drafts: Draft[] };

export function startPaying(payment: NewPayment): Moved<NewPayment> {
  // What the store adds to a new payment, the first step does not look at.
  const next = advance(payOrder, payment as Payment, newSaga(payOrder, payment.sagaId), { kind: "start" });
  const { state, drafts } = next as SagaTransition<Payment>;
  return { payment: { ...payment, saga: state }, drafts: drafts as Draft[] };
}

/** @returns undefined where the event is no answer to the step under way */
export function proceed(payment: Payment, event: SagaEvent): Moved | undefined {
  const next = payment.saga && advance(payOrder, payment, payment.saga, event);
  if (!next) return undefined;
  const after = { ...next.aggregate, saga: next.state };
  const drafts = next.drafts as Draft[];
  return {
    payment: after,
    drafts: hasEnded(payment, after) ? [...refundOf(after), answerOf(after), ...drafts] : drafts,
  };
}

/** What is told of a payment that has come to an end, its saga moved on by it. */
export function conclude(before: Payment, after: Payment): Moved {
  if (!hasEnded(before, after)) return { payment: after, drafts: [] };
  const told = answerOf(after);
  const next = proceed(after, { kind: "message", message: told as unknown as Message });
  return { payment: next?.payment ?? after, drafts: [...refundOf(after), told, ...(next?.drafts ?? [])] };
}
