import { AppError } from "../errors/app-error";
import { type IdempotentRequest, rejectReusedKey } from "../idempotency";
import type { Sql, TransactionSql } from "./postgres";
import { type RetentionRule, rowsRule } from "./retention";

/** The stored response to a request. */
export type Answer<B> = { status: number; body: B };

/** A day, as promised, and an hour more. */
const keptHours = 25;

/** The seed of the advisory locks; no other use in a database takes them. */
const lockSeed = 7_203_413;

/**
 * Does the work once for a request, in the transaction of its effect: the key is stored with the effect or not at all. Until then
 * it is no more than a lock of this transaction, which ends with it, also when the process dies: no key stays claimed.
 * What throws is not stored and may be tried again.
 * @param work is not run where the request was answered before: then that answer is given again
 * @throws AppError `idempotency.key_reused` (422) for another request, `idempotency.in_progress` (409) while the first one runs
 */
export async function answerOnce<B>(
  tx: TransactionSql,
  request: IdempotentRequest | undefined,
  work: () => Promise<Answer<B>>,
): Promise<Answer<B>> {
  if (!request) return work();
  const { scope, requestHash } = request;
  const [[lock], [before]] = await Promise.all([
    tx<{ free: boolean }[]>`select pg_try_advisory_xact_lock(hashtextextended(${scope}, ${lockSeed})) as free`,
    // A statement of its own, after the lock: it sees what was committed by whoever had the lock before.
    tx<(Answer<B> & { requestHash: string })[]>`
      select request_hash as "requestHash", status, body from idempotency_key where scope = ${scope}`,
  ]);
  if (before) {
    rejectReusedKey(before.requestHash, requestHash);
    return { status: before.status, body: before.body };
  }
  if (!lock?.free) throw inProgress();
  const answer = await work();
  await tx`
    insert into idempotency_key (scope, request_hash, status, body)
    values (${scope}, ${requestHash}, ${answer.status}, ${JSON.stringify(answer.body)}::text::json)`;
  return answer;
}

/** Keys nobody may count on any more. */
export const expiredKeysRule = (sql: Sql, service: string): RetentionRule =>
  rowsRule(
    `${service}.idempotency_key`,
    (limit) => sql`
      delete from idempotency_key where scope in (
        select scope from idempotency_key where created_at < now() - make_interval(hours => ${keptHours})
        order by created_at limit ${limit} for update skip locked
      )`,
  );

const inProgress = () =>
  new AppError("idempotency.in_progress", {
    kind: "conflict",
    public: "The first request with this Idempotency-Key has no answer yet.",
    retryAfterSeconds: 1,
  });
