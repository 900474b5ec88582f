import type { Money } from "@shop/contracts/common";
import type { Draft } from "@shop/contracts/messages";
import type { SagaState } from "@shop/kit/saga/engine";

export const paymentStatuses = ["pending", "completed", "failed", "voided"] as const;
export type PaymentStatus = (typeof paymentStatuses)[number];

/** What we want the provider to hold. Only ever moves from left to right. */
export const desires = ["captured", "released"] as const;
export type Desired = (typeof desires)[number];

/** What the provider was last seen to say about the payment. */
export type Observed =
  | "nothing"
  | "created"
  | "requires_action"
  | "processing"
  | "succeeded"
  | "declined"
  | "canceled"
  | "refunded";

export type Payment = {
  id: string;
  orderId: string;
  userId: string;
  /** The saga that asked for the charge. */
  sagaId: string;
  /** The saga that asked for the money back, and is told; without one, the charge's. */
  voidSagaId?: string;
  /** The saga itself, where it lies here: of a payment that its payer asked for. */
  saga?: SagaState;
  provider: string;
  amount: Money;
  status: PaymentStatus;
  desired: Desired;
  observed: Observed;
  providerId?: string;
  /** The payment method's token as a JWE; dropped once the provider has it. */
  sealedToken?: string;
  failureCode?: string;
  /** Calls in a row that got no answer. */
  attempts: number;
  /** Who may call the provider for it; everybody else's save is refused. */
  leaseId?: string;
  createdAt: Date;
  updatedAt: Date;
};

/** A payment before it is stored; the store adds the rest. */
export type NewPayment = Omit<Payment, "attempts" | "leaseId" | "createdAt" | "updatedAt">;

export const isAtEnd = ({ status }: Pick<Payment, "status">): boolean => status !== "pending";
export const hasEnded = (before: Payment, after: Payment): boolean => after.status !== before.status && isAtEnd(after);

/** Whether money may be taken for it: not before order has begun. */
export const isDue = ({ status, saga }: Pick<Payment, "status" | "saga">): boolean =>
  status === "pending" && (!saga || (saga.status === "running" && saga.step === "funds"));

/** What a call to the provider brought to light; `unknown` when no answer came and it may have acted. */
export type Observation = { observed: Observed; providerId?: string; code?: string };

/** A call that can be made next. Creating moves no money; confirming by id does. */
export type GatewayCall = "create" | "confirm" | "fetch" | "cancel" | "refund";

/**
 * The next call on the way to what is desired; undefined when there is none to make.
 * @param certain whether `observed` was seen just now; after a crash or a lost answer it is asked for first
 */
export function nextCall(payment: Payment, certain: boolean): GatewayCall | undefined {
  if (payment.status === "failed" || payment.status === "voided") return undefined;
  if (payment.desired === "captured" && payment.status === "completed") return undefined;
  if (!payment.providerId) return payment.desired === "captured" ? "create" : undefined;
  if (!certain) return "fetch";
  if (payment.desired === "released") return releasing[payment.observed];
  return capturing[payment.observed];
}

const capturing: Record<Observed, GatewayCall | undefined> = {
  nothing: "create",
  created: "confirm",
  processing: "fetch",
  // Nobody is there to answer the bank's question, so the attempt ends here; it holds no money.
  requires_action: "cancel",
  succeeded: undefined,
  declined: undefined,
  canceled: undefined,
  refunded: undefined,
};

const releasing: Record<Observed, GatewayCall | undefined> = {
  nothing: undefined,
  created: "cancel",
  processing: "fetch",
  requires_action: "cancel",
  succeeded: "refund",
  declined: "cancel",
  canceled: undefined,
  refunded: undefined,
};

/** The payment after what was seen. A declined card can be tried again at the provider, but not here: one attempt a charge. */
export function observe(payment: Payment, seen: Observation): Payment {
  const next: Payment = {
    ...payment,
    observed: seen.observed,
    providerId: seen.providerId ?? payment.providerId,
    failureCode: payment.failureCode ?? seen.code,
  };
  if (next.providerId) next.sealedToken = undefined;
  return { ...next, status: statusOf(next) };
}

function statusOf(payment: Payment): PaymentStatus {
  const { observed, desired } = payment;
  if (desired === "released") {
    return observed === "canceled" || observed === "refunded" || observed === "nothing" ? "voided" : payment.status;
  }
  if (observed === "succeeded") return "completed";
  return observed === "declined" || observed === "canceled" || observed === "refunded" ? "failed" : "pending";
}

/** What is told when a payment reaches an end: the answer to the saga's step. */
export function answerOf(payment: Payment): Draft & { sagaid: string } {
  const { id: paymentId, orderId, amount, provider, sagaId: sagaid } = payment;
  const voidedFor = payment.voidSagaId ?? sagaid;
  const told = { paymentId, orderId, amount, provider };
  if (payment.status === "completed") return { type: "payment.processed", data: told, sagaid };
  if (payment.status === "voided" && payment.desired === "released")
    return { type: "payment.voided", data: { orderId, paymentId }, sagaid: voidedFor };
  return { type: "payment.failed", data: { ...told, code: payment.failureCode ?? "payment.failed" }, sagaid };
}

/**
 * The fact beside the answer: money that had been captured went back. A payment reaches this end once, so it is told once. All of
 * it goes back together, so a payment has one refund.
 */
export function refundOf({ id: paymentId, ...payment }: Payment): Draft[] {
  if (payment.status !== "voided" || payment.observed !== "refunded") return [];
  const { orderId, userId, amount, provider } = payment;
  const data = { paymentId, orderId, userId, amount, provider, refundId: refundIdOf(paymentId), refunded: amount };
  return [{ type: "payment.refunded", data }];
}

/** Made of the payment's, so that it is the same here and at the provider, whoever asks and however often. */
export const refundIdOf = (paymentId: string): string => Bun.randomUUIDv5("refund", paymentId);
