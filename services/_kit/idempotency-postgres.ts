import { AppError } from "./errors";
import type { Sql, TransactionSql } from "./postgres";
import { type RetentionRule, rowsRule } from "./retention";

/** A request that is to have its effect once, however often it comes. Hashes alone: keys and bodies are the caller's. */
export type IdempotentRequest = { scope: string; requestHash: string };
export type Answer<B> = { status: number; body: B };

/**
 * @param of `route` is the route's pattern: one key names one request, so its parameters belong to `request`, with the body
 * @returns undefined without a key: then every request stands for itself
 */
export function idempotentRequest(of: {
  key: string | undefined;
  subject: string;
  method: string;
  route: string;
  request: unknown;
}): IdempotentRequest | undefined {
  if (of.key === undefined) return undefined;
  return {
    scope: hashOf([of.subject, of.method, of.route, of.key]),
    requestHash: hashOf(inOrder(of.request)),
  };
}

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
  if (before && before.requestHash !== requestHash) throw keyReused();
  if (before) return { status: before.status, body: before.body };
  if (!lock?.free) throw inProgress();
  const answer = await work();
  await tx`
    insert into idempotency_key (scope, request_hash, status, body)
    values (${scope}, ${requestHash}, ${answer.status}, ${JSON.stringify(answer.body)}::text::json)`;
  return answer;
}

/** Keys nobody may count on any more. */
export const oldKeys = (sql: Sql, service: string): RetentionRule =>
  rowsRule(
    `${service}.idempotency_key`,
    (limit) => sql`
      delete from idempotency_key where scope in (
        select scope from idempotency_key where created_at < now() - make_interval(hours => ${keptHours})
        order by created_at limit ${limit} for update skip locked
      )`,
  );

const keyReused = () =>
  new AppError("idempotency.key_reused", {
    kind: "invalid",
    public: "This Idempotency-Key was used for another request.",
  });

const inProgress = () =>
  new AppError("idempotency.in_progress", {
    kind: "conflict",
    public: "The first request with this Idempotency-Key has no answer yet.",
    retryAfterSeconds: 1,
  });

const hashOf = (value: unknown) =>
  new Bun.CryptoHasher("sha256").update(JSON.stringify(value) ?? "").digest("base64url");

/** The same fields in another order are the same request. */
function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (typeof value !== "object" || value === null) return value;
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  const sorted = fields.sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(sorted.map(([name, field]) => [name, inOrder(field)]));
}
