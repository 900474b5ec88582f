import type { DataFor } from "@shop/contracts/messages";
import type { Message } from "@shop/kit/messaging/envelope";
import type { Deps } from "../deps";
import type { Payment } from "../domain/payment";
import { converge } from "./converge";

/**
 * Undoes a charge whatever became of it: cancels it, or refunds it, and answers `payment.voided` when no money is held.
 * Coming before its charge, it leaves a voided payment behind, which refuses the charge.
 * Another saga than the charge's names the payment, and is the one that is told.
 */
export async function voidPayment(deps: Deps, command: DataFor<"payment.void">, message: Message): Promise<void> {
  const sagaId = message.sagaid ?? message.id;
  const payment = command.paymentId
    ? await paymentOf(deps, command.orderId, command.paymentId)
    : await deps.store.bySaga(sagaId);
  if (!payment) {
    const { userId, amount } = await deps.payableOf(command.orderId);
    const { payment: stone } = await deps.store.open({
      id: Bun.randomUUIDv7(),
      orderId: command.orderId,
      userId,
      sagaId,
      provider: "none",
      amount,
      status: "voided",
      desired: "released",
      observed: "nothing",
    });
    // Its charge may have come in between.
    return stone.status === "voided" ? deps.store.answerAgain(stone, message) : voidPayment(deps, command, message);
  }
  if (payment.status === "voided" || payment.status === "failed")
    return deps.store.answerAgain({ ...payment, status: "voided", desired: "released", voidSagaId: sagaId }, message);
  await deps.store.release(payment.id, sagaId);
  const leased = await deps.store.lease(payment.id);
  if (leased) await converge(deps, leased, false, message);
}

/** Order has the id from us, so a payment that is not there must not pass for one without money: somebody has to look. */
async function paymentOf(deps: Deps, orderId: string, paymentId: string): Promise<Payment> {
  const payment = await deps.store.byId(paymentId);
  if (payment?.orderId !== orderId) throw new Error(`order ${orderId} has no payment ${paymentId}`);
  return payment;
}
