import type { IdempotentRequest } from "@shop/kit/idempotency";
import type { TransactionSql } from "@shop/kit/stores/postgres";
import { isDue, type NewPayment, type Payment } from "../domain/payment";
import { leaseSeconds, replyWithinSeconds } from "./columns";
import { firstPayment, type PaymentRow } from "./rows";

/**
 * Inserts a payment. One that is due is leased to the caller.
 *
 * `on conflict` deliberately names no index. Of two concurrent inserts for one saga, the second may conflict in the index of
 * live payments before it conflicts in the index of sagas. If only the index of sagas were named, that insert would fail.
 * @returns undefined if the saga or the idempotency key already has a payment, or the order has a live one
 */
export async function insertPayment(
  db: TransactionSql,
  payment: NewPayment & Pick<Payment, "traceparent">,
  request?: IdempotentRequest,
): Promise<Payment | undefined> {
  const leaseId = isDue(payment) ? crypto.randomUUID() : null;
  const leaseSecondsOrNull = leaseId ? leaseSeconds : null;
  return firstPayment(
    await db<PaymentRow[]>`
      insert into payment (
        id, order_id, user_id, saga_id, provider, amount, currency, status, desired, observed, sealed_token, failure_code,
        lease_id, lease_until, next_attempt_at, saga, saga_wake_at, traceparent, idempotency_scope, idempotency_hash
      ) values (
        ${payment.id}, ${payment.orderId}, ${payment.userId}, ${payment.sagaId}, ${payment.provider}, ${payment.amount.amount},
        ${payment.amount.currency}, ${payment.status}, ${payment.desired}, ${payment.observed}, ${payment.sealedToken ?? null},
        ${payment.failureCode ?? null}, ${leaseId},
        now() + make_interval(secs => ${leaseSecondsOrNull}), now() + make_interval(secs => ${leaseSecondsOrNull}),
        ${payment.saga ? db.json(payment.saga as never) : null},
        now() + make_interval(secs => ${payment.saga ? replyWithinSeconds : null}),
        ${payment.traceparent ?? null}, ${request?.scope ?? null}, ${request?.requestHash ?? null}
      ) on conflict do nothing returning *`,
  );
}
