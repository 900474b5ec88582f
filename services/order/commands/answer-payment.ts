import type { DataFor, MessageType } from "@shop/contracts/messages";
import type { Message } from "@shop/kit/messaging/envelope";
import type { SagaTransition } from "@shop/kit/saga/definition";
import { hasEnded } from "@shop/kit/saga/engine";
import type { Deps, OrderAndSaga } from "../deps";
import type { Order } from "../domain/order";
import { paymentRefused } from "../sagas/messages";
import { takePayment } from "../sagas/take-payment";
import { changeOrder } from "./change-order";

/** What the commands begin, settle and abandon share: each answers a command of the payment service's saga pay-order. */

export type PaymentHandler<T extends MessageType> = (
  deps: Deps,
  command: DataFor<T>,
  message: Message,
) => Promise<void>;
export type PaymentCommand = { orderId: string; paymentId: string };

/** The events that answer the payment service. */
const answerTypes: MessageType[] = ["order.status_changed", "order.payment_refused"];

/**
 * Handles a command of the payment service. This service has no inbox: a decision that changes nothing means that the
 * command was handled before, and the last answer to its saga is resent.
 * @param decide returns undefined if the command was handled before
 */
export async function answerPayment(
  deps: Deps,
  { orderId }: PaymentCommand,
  { type, sagaid }: Message,
  decide: (stored: OrderAndSaga) => SagaTransition<Order> | undefined,
): Promise<void> {
  let isRepeat = true;
  const stored = await changeOrder(
    deps,
    orderId,
    (current) => {
      const next = current && decide(current);
      isRepeat = next === undefined;
      return next;
    },
    (current) => type !== "order.begin" && isTakingPayment(current, sagaid),
  );
  if (!stored) return deps.log.warn({ orderId }, "payment command for an unknown order");
  if (isRepeat && sagaid) deps.store.resendLatest(stored, answerTypes, sagaid);
}

/** Whether the order is in the saga take-payment with this id, and the saga continues. */
export const isTakingPayment = ({ saga }: OrderAndSaga, sagaId: string | undefined): boolean =>
  saga.name === takePayment.name && saga.id === sagaId && !hasEnded(saga);

/** Refuses a payment and remembers it, so that a late command of the same payment cannot begin it. */
export function refusePayment(
  { order, saga }: OrderAndSaga,
  paymentId: string,
  code: string,
  sagaid?: string,
): SagaTransition<Order> {
  const refusedPayments = [...(order.refusedPayments ?? []), paymentId];
  const drafts = [{ ...paymentRefused(order, paymentId, code), sagaid }];
  return { aggregate: { ...order, refusedPayments }, state: saga, drafts, outcomes: [] };
}
