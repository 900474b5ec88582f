import type { Message } from "@shop/kit/messaging/envelope";
import type { SagaTransition } from "@shop/kit/saga/definition";
import { advance, newSaga } from "@shop/kit/saga/engine";
import type { OrderAndSaga } from "../deps";
import type { Order } from "../domain/order";
import { paymentRefusal } from "../domain/payability";
import { takePayment as saga } from "../sagas/take-payment";
import { answerPayment, type PaymentCommand, type PaymentHandler, refusePayment } from "./answer-payment";

/**
 * Answers the payment service, which asks for permission before it charges: the order moves to `paying`, or the payment
 * is refused. Of a payment that begins and a hold that expires at the same time, exactly one wins.
 */
export const beginPayment: PaymentHandler<"order.begin"> = (deps, command, message) =>
  answerPayment(deps, command, message, (stored) => decideBegin(stored, command, message, deps.clock.now()));

/** @returns undefined if this payment or its saga began before, or the payment was refused before */
export function decideBegin(
  stored: OrderAndSaga,
  { paymentId }: PaymentCommand,
  { sagaid }: Pick<Message, "sagaid">,
  now: Date,
): SagaTransition<Order> | undefined {
  const { order } = stored;
  const hasBegun = stored.saga.id === sagaid || order.payment?.id === paymentId;
  if (hasBegun || order.refusedPayments?.includes(paymentId)) return undefined;
  const refusal = paymentRefusal(order, now);
  if (refusal) return refusePayment(stored, paymentId, refusal, sagaid);
  const paying: Order = { ...order, payment: { id: paymentId, status: "pending" } };
  return advance(saga, paying, newSaga(saga, sagaid as string), { kind: "start" });
}
