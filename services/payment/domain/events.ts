import type { Draft } from "@shop/contracts/messages";
import { type Payment, refundIdFor } from "./payment";

/** The event that reports how a payment ended. It is the reply to the saga step that asked for the charge or the void. */
export function replyFor(payment: Payment): Draft & { sagaid: string } {
  const { id: paymentId, orderId, amount, provider, sagaId: sagaid } = payment;
  const data = { paymentId, orderId, amount, provider };
  if (payment.status === "completed") return { type: "payment.processed", data, sagaid };
  if (payment.status === "voided" && payment.desired === "released")
    return { type: "payment.voided", data: { orderId, paymentId }, sagaid: payment.voidSagaId ?? sagaid };
  return { type: "payment.failed", data: { ...data, code: payment.failureCode ?? "payment.failed" }, sagaid };
}

/** The event `payment.refunded`, if captured money was given back. A payment ends this way at most once, and in full. */
export function refundEvents({ id: paymentId, ...payment }: Payment): Draft[] {
  if (payment.status !== "voided" || payment.observed !== "refunded") return [];
  const { orderId, userId, amount, provider } = payment;
  const data = { paymentId, orderId, userId, amount, provider, refundId: refundIdFor(paymentId), refunded: amount };
  return [{ type: "payment.refunded", data }];
}
