import type { DataFor } from "@shop/contracts/messages";
import type { Message } from "@shop/kit/messaging/envelope";
import type { Deps } from "../deps";
import { newPayment, type Payment } from "../domain/payment";
import { converge } from "./converge";

type VoidPayment = DataFor<"payment.void">;

/**
 * Handles `payment.void`: cancels or refunds a charge, whatever its state, and replies `payment.voided` when no money is held.
 *
 * If the void arrives before its charge, it leaves a voided payment as a tombstone, and the late charge is refused. A saga
 * other than the one that charged must name the payment by its id. The reply goes to the saga that sent the void.
 */
export async function voidPayment(deps: Deps, command: VoidPayment, message: Message): Promise<void> {
  const sagaId = message.sagaid ?? message.id;
  const payment = command.paymentId
    ? await loadPaymentOfOrder(deps, command.orderId, command.paymentId)
    : await deps.store.findBySaga(sagaId);
  if (!payment) {
    const tombstone = await openTombstone(deps, command.orderId, sagaId);
    // The charge may have been stored in the meantime. Then that payment is voided.
    return tombstone ? deps.store.sendReply(tombstone, message) : voidPayment(deps, command, message);
  }
  if (payment.status === "voided" || payment.status === "failed")
    return deps.store.sendReply({ ...payment, status: "voided", desired: "released", voidSagaId: sagaId }, message);
  await deps.store.requestRelease(payment.id, sagaId);
  const leased = await deps.store.lease(payment.id);
  if (leased) await converge(deps, leased, false, message);
}

/**
 * @throws Error if the order has no such payment. The id came from this service, so the payment must exist: a reply that no
 *   money is held could be false.
 */
async function loadPaymentOfOrder(deps: Deps, orderId: string, paymentId: string): Promise<Payment> {
  const payment = await deps.store.findById(paymentId);
  if (payment?.orderId !== orderId) throw new Error(`order ${orderId} has no payment ${paymentId}`);
  return payment;
}

/** @returns undefined if the saga has a payment that is not voided */
async function openTombstone(deps: Deps, orderId: string, sagaId: string): Promise<Payment | undefined> {
  const { userId, amount } = await deps.loadPayable(orderId);
  const request = { id: Bun.randomUUIDv7(), orderId, userId, sagaId, provider: "none", amount };
  const { payment } = await deps.store.open({ ...newPayment(request), status: "voided", desired: "released" });
  return payment.status === "voided" ? payment : undefined;
}
