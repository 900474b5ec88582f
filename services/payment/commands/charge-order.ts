import type { DataFor } from "@shop/contracts/messages";
import type { Message } from "@shop/kit/messaging/envelope";
import type { Deps } from "../deps";
import { isAtEnd, newPayment } from "../domain/payment";
import { converge } from "./converge";

/**
 * Handles `payment.charge`. Replies `payment.processed` only when the money is captured and `payment.failed` only when no
 * money is held. The amount comes from the order service, never from the message.
 */
export async function chargeOrder(deps: Deps, command: DataFor<"payment.charge">, message: Message): Promise<void> {
  const { orderId, paymentMethod } = command;
  const payable = await deps.loadPayable(orderId);
  const payment = newPayment({
    id: Bun.randomUUIDv7(),
    orderId,
    userId: payable.userId,
    sagaId: message.sagaid ?? message.id,
    provider: paymentMethod.provider,
    amount: payable.amount,
    sealedToken: paymentMethod.sealedToken,
  });
  const opened = await deps.store.open(payable.payable ? payment : { ...payment, ...refused });
  if (isAtEnd(opened.payment)) return deps.store.sendReply(opened.payment, message);
  // Another process may have leased an existing payment. If that process has died, its lease expires and the sweep continues.
  const leased = opened.isNew ? opened.payment : await deps.store.lease(opened.payment.id);
  if (leased) await converge(deps, leased, opened.isNew, message);
}

const refused = { status: "failed", failureCode: "payment.order_not_payable", sealedToken: undefined } as const;
