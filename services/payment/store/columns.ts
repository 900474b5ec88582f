import { pendingCommand } from "@shop/kit/saga/engine";
import type { TransactionSql } from "@shop/kit/stores/postgres";
import { type Payment, reachesEnd } from "../domain/payment";
import { payOrder } from "../sagas/pay-order";

/**
 * Longer than one request to a provider can take (4 s), so that two processes do not call it for one payment at the same time.
 * A refund makes two requests and can outlive the lease. The next process then repeats it with the same idempotency key.
 */
export const leaseSeconds = 6;

/** The longest pause after calls without a response. The pause doubles with each of them. */
const pauseSecondsMax = 60;

/** A command is resent if its reply has not arrived for this long. */
export const replyWithinSeconds = 10;

/** Leases the payment, in the same write that makes it due. */
export const leaseColumns = (db: TransactionSql) => db`,
  lease_id = gen_random_uuid(), lease_until = now() + make_interval(secs => ${leaseSeconds}),
  next_attempt_at = now() + make_interval(secs => ${leaseSeconds})`;

/** Gives up the lease or extends it, and sets when the sweep takes over. */
export function attemptColumns(db: TransactionSql, before: Payment, after: Payment) {
  // If `desired` changed while the provider was called, the payment stays due for the sweep.
  if (reachesEnd(before, after))
    return db`lease_id = null, lease_until = null, next_attempt_at = case when desired = ${before.desired} then null else now() end`;
  if (after.attempts > before.attempts || after.observed === "processing") {
    const pauseSeconds = Math.min(pauseSecondsMax, 0.5 * 2 ** Math.min(after.attempts, 10));
    return db`lease_id = null, lease_until = null, next_attempt_at = now() + make_interval(secs => ${pauseSeconds})`;
  }
  return db`lease_until = now() + make_interval(secs => ${leaseSeconds}), next_attempt_at = now() + make_interval(secs => ${leaseSeconds})`;
}

/**
 * Stores a saga that has changed, and when its command is sent again. An unchanged saga is not written: a reply that is
 * processed at the same time may be changing it.
 */
export function sagaColumns(db: TransactionSql, before: Payment, after: Payment) {
  if (!after.saga || after.saga === before.saga) return db``;
  const awaitsReply = pendingCommand(payOrder, after, after.saga) !== undefined;
  return db`,
    saga = ${db.json(after.saga as never)},
    saga_wake_at = now() + make_interval(secs => ${awaitsReply ? replyWithinSeconds : null})`;
}
