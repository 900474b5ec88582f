import type { SagaState } from "@shop/kit/saga/definition";
import type { Desired, Observed, Payment, PaymentStatus } from "../domain/payment";

/** A row of `payment` as postgres.js reads it. */
export type PaymentRow = {
  id: string;
  order_id: string;
  user_id: string;
  saga_id: string;
  void_saga_id: string | null;
  saga: SagaState | null;
  traceparent: string | null;
  idempotency_hash: string | null;
  provider: string;
  amount: string;
  currency: string;
  status: PaymentStatus;
  desired: Desired;
  observed: Observed;
  provider_id: string | null;
  sealed_token: string | null;
  failure_code: string | null;
  attempts: number;
  lease_id: string | null;
  created_at: Date;
  updated_at: Date;
};

export const toPayment = (row: PaymentRow): Payment => ({
  id: row.id,
  orderId: row.order_id,
  userId: row.user_id,
  sagaId: row.saga_id,
  voidSagaId: row.void_saga_id ?? undefined,
  saga: row.saga ?? undefined,
  traceparent: row.traceparent ?? undefined,
  provider: row.provider,
  amount: { amount: Number(row.amount), currency: row.currency },
  status: row.status,
  desired: row.desired,
  observed: row.observed,
  providerId: row.provider_id ?? undefined,
  sealedToken: row.sealed_token ?? undefined,
  failureCode: row.failure_code ?? undefined,
  attempts: row.attempts,
  leaseId: row.lease_id ?? undefined,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});

export const firstPayment = (rows: PaymentRow[]): Payment | undefined => rows[0] && toPayment(rows[0]);
