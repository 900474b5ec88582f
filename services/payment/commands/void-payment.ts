import type { DataFor } from "@shop/contracts/messages";
import type { Message } from "@shop/kit/messages";
import type { Deps } from "../deps";
import { converge } from "./converge";

/**
 * Undoes a charge whatever became of it: cancels it, or refunds it, and answers `payment.voided` when no money is held.
 * Coming before its charge, it leaves a voided payment behind, which refuses the charge.
 */
export async function voidPayment(deps: Deps, command: DataFor<"payment.void">, message: Message): Promise<void> {
  const sagaId = message.sagaid ?? message.id;
  const payment = await deps.store.bySaga(sagaId);
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
    return deps.store.answerAgain({ ...payment, status: "voided", desired: "released" }, message);
  await deps.store.release(payment.id);
  const leased = await deps.store.lease(payment.id);
  if (leased) await converge(deps, leased, false, message);
}
