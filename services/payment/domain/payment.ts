import type { Money } from "@shop/contracts/common";
import type { SagaState } from "@shop/kit/saga/definition";

/*
 * The money rules of a payment, as pure functions:
 *
 * - `desired` is what the shop wants, `observed` is what the provider last reported. The provider is called until both
 *   agree: `nextCall` chooses the call, `observe` applies its result.
 * - Only the call `confirm` takes money. It names the provider's own payment, so repeating it cannot take money twice.
 * - `completed` means that the money is held. `failed` and `voided` mean that no money is held.
 * - A payment is charged at most once. It is refunded at most once, and always in full.
 */

export const paymentStatuses = ["pending", "completed", "failed", "voided"] as const;
export type PaymentStatus = (typeof paymentStatuses)[number];

/** What the shop wants the provider to do with the money. Changes only from `captured` to `released`, never back. */
export type Desired = "captured" | "released";

/** What the provider last reported about the payment. Only `succeeded` means that the provider holds the money. */
export type Observed =
  /** Not known to exist at the provider. */
  | "nothing"
  /** Exists and is not confirmed. */
  | "created"
  /** The bank wants the customer to authenticate. */
  | "requires_action"
  /** The provider has not decided yet. */
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
  /** The saga that asked for the void and receives the reply. The saga of the charge if absent. */
  voidSagaId?: string;
  /** The state of the pay-order saga. Absent when the order service asked for the charge: then the saga is stored there. */
  saga?: SagaState;
  /** The trace that asked for the payment. */
  traceparent?: string;
  provider: string;
  amount: Money;
  status: PaymentStatus;
  desired: Desired;
  observed: Observed;
  /** The id of the payment at the provider. */
  providerId?: string;
  /** The payment method's token as a JWE. Removed as soon as the provider has the payment. */
  sealedToken?: string;
  /** An error code. */
  failureCode?: string;
  /** Consecutive calls without a response. */
  attempts: number;
  /** The current lease. A save with any other lease is refused. */
  leaseId?: string;
  createdAt: Date;
  updatedAt: Date;
};

/** A payment before it is stored. The store adds the rest. */
export type NewPayment = Omit<Payment, "attempts" | "leaseId" | "traceparent" | "createdAt" | "updatedAt">;

type PaymentRequest = Pick<Payment, "id" | "orderId" | "userId" | "sagaId" | "provider" | "amount" | "sealedToken">;

/** A payment that is to be captured and for which the provider has not been called. */
export const newPayment = (request: PaymentRequest): NewPayment => ({
  ...request,
  status: "pending",
  desired: "captured",
  observed: "nothing",
});

export const isAtEnd = ({ status }: Pick<Payment, "status">): boolean => status !== "pending";

/** Whether this change ends the payment. A completed payment that is voided ends a second time. */
export const reachesEnd = (before: Payment, after: Payment): boolean =>
  after.status !== before.status && isAtEnd(after);

/** Whether the provider may be called. A payment with a saga of its own waits until order has accepted it. */
export const isDue = ({ status, saga }: Pick<Payment, "status" | "saga">): boolean =>
  status === "pending" && (!saga || (saga.status === "running" && saga.step === "funds"));

/** The result of a call to the provider. `code` is an error code. */
export type Observation = { observed: Observed; providerId?: string; code?: string };

/** A call to the provider. `create` moves no money; `confirm` takes it. */
export type GatewayCall = "create" | "confirm" | "fetch" | "cancel" | "refund";

/**
 * The call that brings the payment closer to what is desired.
 * @param isCurrent whether `observed` was reported just now. After a crash or a lost response it may be outdated: the last
 *   call may have moved money. Then the state is fetched before any call that could move money again.
 * @returns undefined if there is no call to make
 */
export function nextCall(payment: Payment, isCurrent: boolean): GatewayCall | undefined {
  if (payment.status === "failed" || payment.status === "voided") return undefined;
  if (payment.desired === "captured" && payment.status === "completed") return undefined;
  // Without a provider id nothing was confirmed, so no money was taken. Creating a second payment is harmless.
  if (!payment.providerId) return payment.desired === "captured" ? "create" : undefined;
  if (!isCurrent) return "fetch";
  return payment.desired === "released" ? releaseCalls[payment.observed] : captureCalls[payment.observed];
}

const captureCalls: Record<Observed, GatewayCall | undefined> = {
  nothing: "create",
  created: "confirm",
  processing: "fetch",
  // The customer is not present to authenticate, so the attempt ends. No money was taken.
  requires_action: "cancel",
  succeeded: undefined,
  declined: undefined,
  canceled: undefined,
  refunded: undefined,
};

const releaseCalls: Record<Observed, GatewayCall | undefined> = {
  nothing: undefined,
  created: "cancel",
  processing: "fetch",
  requires_action: "cancel",
  succeeded: "refund",
  declined: "cancel",
  canceled: undefined,
  refunded: undefined,
};

/** The payment after a call. A declined card ends it: a payment makes one attempt, although the provider allows more. */
export function observe(payment: Payment, observation: Observation): Payment {
  const next: Payment = {
    ...payment,
    observed: observation.observed,
    providerId: observation.providerId ?? payment.providerId,
    // The first reason is kept.
    failureCode: payment.failureCode ?? observation.code,
  };
  if (next.providerId) next.sealedToken = undefined;
  return { ...next, status: toStatus(next) };
}

function toStatus({ observed, desired, status }: Payment): PaymentStatus {
  if (desired === "released")
    return observed === "canceled" || observed === "refunded" || observed === "nothing" ? "voided" : status;
  if (observed === "succeeded") return "completed";
  return observed === "declined" || observed === "canceled" || observed === "refunded" ? "failed" : "pending";
}

/** The id of a payment's only refund. Derived from the payment's id, so it is the same at every attempt and at the provider. */
export const refundIdFor = (paymentId: string): string => Bun.randomUUIDv5("refund", paymentId);
