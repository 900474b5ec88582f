import type { DataFor } from "@shop/contracts/messages";
import type { Message } from "@shop/kit/messaging/envelope";
import type { Deps } from "../deps";
import type { NewPayment } from "../domain/payment";
import { isAtEnd } from "../domain/payment";
import { converge } from "./converge";

/**
 * Takes the money for an order: `payment.processed` only when it is captured, `payment.failed` only when none is held.
 * The amount is what order says it is, not what the message says.
 */
export async function chargeOrder(deps: Deps, command: DataFor<"payment.charge">, message: Message): Promise<void> {
  const sagaId = message.sagaid ?? message.id;
  const payable = await deps.payableOf(command.orderId);
  const payment: NewPayment = {
    id: Bun.randomUUIDv7(),
    orderId: command.orderId,
    userId: payable.userId,
    sagaId,
    provider: command.paymentMethod.provider,
    amount: payable.amount,
    status: "pending",
    desired: "captured",
    observed: "nothing",
    sealedToken: command.paymentMethod.sealedToken,
  };
  const opened = await deps.store.open(payable.payable ? payment : { ...payment, ...refused });
  if (isAtEnd(opened.payment)) return deps.store.answerAgain(opened.payment, message);
  // Somebody else may be at it, or have died at it: then the lease runs out and the sweep takes over.
  const leased = opened.isNew ? opened.payment : await deps.store.lease(opened.payment.id);
  if (leased) await converge(deps, leased, opened.isNew, message);
}

const refused = {
  status: "failed",
  observed: "nothing",
  failureCode: "payment.order_not_payable",
  sealedToken: undefined,
} as const;
