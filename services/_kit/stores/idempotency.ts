import { AppError } from "../errors/app-error";
import { type IdempotentRequest, rejectReusedKey } from "../idempotency";
import type { Sql, TransactionSql } from "./postgres";
import { deleteRule, type RetentionRule } from "./retention";

/** The stored response to a request. */
export type Answer<B> = { status: number; body: B };

/** Clients are promised 24 hours; one hour more covers clock differences. */
const retentionHours = 25;

/** The hash seed of the advisory locks; no other advisory lock in the database may use it. */
const lockSeed = 7_203_413;

/**
 * Runs `work` once per idempotency key and replays its answer for a repeated request. The key is stored in the transaction of
 * the effect, so both are committed or neither. While `work` runs, the key is only a transaction-level advisory lock, which
 * PostgreSQL releases when the process dies. If `work` throws, nothing is stored and the request can be retried.
 * @param request undefined if the client sent no key: `work` then always runs
 * @throws AppError `idempotency.key_reused` (422) if the key belongs to a different request,
 *   `idempotency.in_progress` (409) while the first request runs
 */
export async function answerOnce<B>(
  tx: TransactionSql,
  request: IdempotentRequest | undefined,
  work: () => Promise<Answer<B>>,
): Promise<Answer<B>> {
  if (!request) return work();
  const { scope, requestHash } = request;
  const [[lock], [stored]] = await Promise.all([
    tx<{ free: boolean }[]>`select pg_try_advisory_xact_lock(hashtextextended(${scope}, ${lockSeed})) as free`,
    // A separate statement after the lock has a new snapshot: it sees what the previous holder of the lock committed.
    tx<(Answer<B> & { requestHash: string })[]>`
      select request_hash as "requestHash", status, body from idempotency_key where scope = ${scope}`,
  ]);
  if (stored) {
    rejectReusedKey(stored.requestHash, requestHash);
    return { status: stored.status, body: stored.body };
  }
  if (!lock?.free) throw inProgress();
  const answer = await work();
  await tx`
    insert into idempotency_key (scope, request_hash, status, body)
    values (${scope}, ${requestHash}, ${answer.status}, ${JSON.stringify(answer.body)}::text::json)`;
  return answer;
}

/** Removes keys that are older than the time promised to clients. */
export const expiredKeysRule = (sql: Sql, service: string): RetentionRule =>
  deleteRule(
    `${service}.idempotency_key`,
    (limit) => sql`
      delete from idempotency_key where scope in (
        select scope from idempotency_key where created_at < now() - make_interval(hours => ${retentionHours})
        order by created_at limit ${limit} for update skip locked
      )`,
  );

const inProgress = () =>
  new AppError("idempotency.in_progress", {
    kind: "conflict",
    public: "A request with this Idempotency-Key is still in progress.",
    retryAfterSeconds: 1,
  });
