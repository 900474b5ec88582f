import type { DataFor } from "@shop/contracts/messages";
import type { Message } from "@shop/kit/messaging/envelope";
import type { SagaTransition } from "@shop/kit/saga/definition";
import { advance } from "@shop/kit/saga/engine";
import type { OrderAndSaga } from "../deps";
import { moveTo, type Order } from "../domain/order";
import { isLapsed } from "../domain/payability";
import { statusChanged } from "../sagas/messages";
import { takePayment as saga } from "../sagas/take-payment";
import { answerPayment, isTakingPayment, type PaymentHandler, refusePayment } from "./answer-payment";

/** A payment failed: the order awaits another one if that is allowed; otherwise it is cancelled and its stock released. */
export const abandonPayment: PaymentHandler<"order.abandon"> = (deps, command, message) =>
  answerPayment(deps, command, message, (stored) => {
    const mayRetry = (order: Order) =>
      (order.refusedPayments?.length ?? 0) < deps.paymentAttemptsMax && !isLapsed(order, deps.clock.now());
    return decideAbandon(stored, command, message, mayRetry);
  });

/**
 * @param mayRetry whether the order may have another payment after this one has failed
 * @returns undefined if the payment was abandoned or refused before
 */
export function decideAbandon(
  stored: OrderAndSaga,
  { paymentId, code }: DataFor<"order.abandon">,
  message: Message,
  mayRetry: (order: Order) => boolean,
): SagaTransition<Order> | undefined {
  if (stored.order.refusedPayments?.includes(paymentId)) return undefined;
  // A payment that is abandoned before it has begun is refused, so that a late `order.begin` cannot begin it.
  if (!isTakingPayment(stored, message.sagaid)) return refusePayment(stored, paymentId, code, message.sagaid);
  const next = advance(saga, stored.order, stored.saga, { kind: "message", message });
  if (!next || stored.saga.abort || !mayRetry(next.aggregate)) return next;
  // The saga ends and the stock stays pinned. From now on only the order's own `holdExpiresAt` limits the hold.
  return {
    aggregate: moveTo(next.aggregate, "awaiting_payment"),
    state: { ...stored.saga, status: "compensated", failure: { step: "payment", code } },
    drafts: [{ ...statusChanged(stored.order, "paying", "awaiting_payment"), sagaid: message.sagaid }],
    outcomes: [{ step: "payment", outcome: "rejected", code }],
  };
}
