import { invariant } from "@shop/kit/errors/invariant";
import type { Message } from "@shop/kit/messaging/envelope";
import type { SagaTransition } from "@shop/kit/saga/definition";
import { advance } from "@shop/kit/saga/engine";
import type { OrderAndSaga } from "../deps";
import type { Order } from "../domain/order";
import { takePayment as saga } from "../sagas/take-payment";
import { answerPayment, isTakingPayment, type PaymentCommand, type PaymentHandler } from "./answer-payment";

/** The charge succeeded: the order is confirmed. If cancellation was requested, the payment is voided instead. */
export const settlePayment: PaymentHandler<"order.settle"> = (deps, command, message) =>
  answerPayment(deps, command, message, (stored) => decideSettle(stored, command, message));

/**
 * @returns undefined if the payment was settled before
 * @throws InvariantError if the order has another payment; the message becomes a dead letter, so that an operator sees it
 */
export function decideSettle(
  stored: OrderAndSaga,
  { paymentId }: PaymentCommand,
  message: Message,
): SagaTransition<Order> | undefined {
  const { order } = stored;
  if (isTakingPayment(stored, message.sagaid)) return advance(saga, order, stored.saga, { kind: "message", message });
  invariant(order.payment?.id === paymentId, `payment ${paymentId} must be the payment of order ${order.id}`);
  return undefined;
}
