import type { Messages } from "@shop/contracts/messages";
import { batched } from "@shop/kit/async/batch";
import type { Message } from "@shop/kit/messaging/envelope";
import type { PostgresOutbox } from "@shop/kit/outbox/postgres";
import { pendingCommand } from "@shop/kit/saga/engine";
import type { Sql, TransactionSql } from "@shop/kit/stores/postgres";
import type { CallRecord, Idempotency, PaymentStore } from "../deps";
import { answerOf, hasEnded, isDue, type NewPayment, type Payment } from "../domain/payment";
import { type Moved, payOrder } from "../sagas/pay-order";
import { type PaymentRow, toPayment } from "./rows";

/** Longer than a call to a provider may take (4 s), so that two processes never call at the same time. */
const leaseSeconds = 6;
const longestPauseSeconds = 60;

/** A saga that has had no answer for so long is asked for again. */
const answerWithinSeconds = 10;

type Save = { before: Payment; after: Moved; record?: CallRecord; message?: Message };

export function paymentStore(sql: Sql, outbox: PostgresOutbox<Messages>): PaymentStore {
  const one = (rows: PaymentRow[]): Payment | undefined => rows[0] && toPayment(rows[0]);

  /** One statement: the payment as seen, and the call that saw it. */
  const write = async (db: TransactionSql, before: Payment, after: Payment, record?: CallRecord) =>
    one(
      await db<PaymentRow[]>`
      with saved as (
        update payment set
          status = ${after.status}, observed = ${after.observed}, provider_id = ${after.providerId ?? null},
          sealed_token = ${after.sealedToken ?? null}, failure_code = ${after.failureCode ?? null},
          attempts = ${after.attempts}, updated_at = now(), ${next(db, before, after)} ${movedSaga(db, before, after)}
        where id = ${before.id} and lease_id = ${before.leaseId ?? null}
        returning *
      ), recorded as (
        insert into transaction (payment_id, call, idempotency_key, outcome, detail, latency_ms)
        select id, ${record?.call ?? ""}, ${record?.idempotencyKey ?? ""}, ${record?.outcome ?? ""}, ${record?.detail ?? ""},
          ${record?.latencyMs ?? 0}
        from saved where ${record !== undefined}
      )
      select * from saved`,
    );

  /** Saves that come at the same time share a transaction. Without its lease one saves nothing, so it tells nothing either. */
  const save = batched<Save, Payment | undefined>({
    maxSize: 32,
    maxConcurrent: 1,
    async run(saves) {
      const saved = new Map<Save, Payment | undefined>();
      const messages = saves.flatMap(({ message }) => message ?? []);
      await outbox.commitAll(messages, async (tx, fresh) => {
        const open = saves.filter(({ message }) => !message || fresh.includes(message));
        await Promise.all(
          open.map(async (it) => saved.set(it, await write(tx, it.before, it.after.payment, it.record))),
        );
        return open
          .filter((it) => saved.get(it) && it.after.drafts.length > 0)
          .map(({ message, before, after }) => ({ message, subject: before.orderId, drafts: after.drafts }));
      });
      return saves.map((it) => saved.get(it));
    },
  });

  /**
   * Conflicts with any index are passed over, not with the saga's alone: of two inserts at the same time the second may
   * meet the first in the index of live payments before it meets it in the saga's, and would fail there.
   */
  const insert = (db: TransactionSql, payment: NewPayment, key?: Idempotency) => {
    const leaseId = isDue(payment) ? crypto.randomUUID() : null;
    const leaseSecondsOrNone = leaseId ? leaseSeconds : null;
    return db<PaymentRow[]>`
      insert into payment (
        id, order_id, user_id, saga_id, provider, amount, currency, status, desired, observed, sealed_token, failure_code,
        lease_id, lease_until, next_attempt_at, saga, saga_wake_at, idempotency_scope, idempotency_hash
      ) values (
        ${payment.id}, ${payment.orderId}, ${payment.userId}, ${payment.sagaId}, ${payment.provider}, ${payment.amount.amount},
        ${payment.amount.currency}, ${payment.status}, ${payment.desired}, ${payment.observed}, ${payment.sealedToken ?? null},
        ${payment.failureCode ?? null}, ${leaseId},
        now() + make_interval(secs => ${leaseSecondsOrNone}), now() + make_interval(secs => ${leaseSecondsOrNone}),
        ${payment.saga ? db.json(payment.saga as never) : null},
        now() + make_interval(secs => ${payment.saga ? answerWithinSeconds : null}),
        ${key?.scope ?? null}, ${key?.hash ?? null}
      ) on conflict do nothing returning *`;
  };

  const open = batched<NewPayment, Payment | undefined>({
    maxSize: 32,
    maxConcurrent: 1,
    run: (payments) =>
      sql.begin(async (tx) => (await Promise.all(payments.map((payment) => insert(tx, payment)))).map(one)),
  });

  return {
    async open(payment) {
      const opened = await open(payment);
      if (opened) return { payment: opened, isNew: true };
      const stored = await this.bySaga(payment.sagaId);
      if (!stored) throw new Error(`order ${payment.orderId} has a live payment of another saga`);
      return { payment: stored, isNew: false };
    },

    start: ({ payment, drafts }, key) =>
      outbox.commit(undefined, async (tx) => {
        const result = one(await insert(tx, payment, key));
        return { subject: payment.orderId, drafts: result ? drafts : [], result };
      }),

    async byKey(scope) {
      const [row] = await sql<PaymentRow[]>`select * from payment where idempotency_scope = ${scope}`;
      return row && { payment: toPayment(row), keyHash: row.idempotency_hash ?? undefined };
    },

    moveSaga: (sagaId, message, decide) =>
      outbox.commit(message, async (tx) => {
        const before = one(await tx<PaymentRow[]>`select * from payment where saga_id = ${sagaId} for update`);
        const after = before && decide(before);
        if (!before || !after) return { subject: message.subject, drafts: [], result: undefined };
        const { status, failureCode, sealedToken } = after.payment;
        const rows = await tx<PaymentRow[]>`
          update payment set
            status = ${status}, failure_code = ${failureCode ?? null}, sealed_token = ${sealedToken ?? null},
            updated_at = now() ${isDue(after.payment) ? taken(tx) : tx``} ${movedSaga(tx, before, after.payment)}
          where id = ${before.id} returning *`;
        return { subject: before.orderId, drafts: after.drafts, result: one(rows) };
      }),

    async askAgain(limit, ask) {
      await outbox.commitAll([], async (tx) => {
        const rows = await tx<PaymentRow[]>`
          update payment set
            saga_wake_at = now() + least(interval '10 minutes', greatest(interval '10 seconds', now() - updated_at))
          where id in (
            select id from payment where saga_wake_at <= now() order by saga_wake_at limit ${limit} for update skip locked
          ) returning *`;
        return rows.map(toPayment).flatMap((payment) => {
          const draft = ask(payment);
          return draft ? [{ message: undefined, subject: payment.orderId, drafts: [draft] }] : [];
        });
      });
    },

    bySaga: async (sagaId) => one(await sql<PaymentRow[]>`select * from payment where saga_id = ${sagaId}`),
    byId: async (id) => one(await sql<PaymentRow[]>`select * from payment where id = ${id}`),
    byOrder: async (orderId) =>
      (await sql<PaymentRow[]>`select * from payment where order_id = ${orderId} order by id`).map(toPayment),

    lease: async (id) =>
      one(
        await sql<PaymentRow[]>`
        update payment set lease_id = gen_random_uuid(), lease_until = now() + make_interval(secs => ${leaseSeconds}),
          next_attempt_at = now() + make_interval(secs => ${leaseSeconds})
        where id = ${id} and (lease_until is null or lease_until < now())
          and (next_attempt_at is null or next_attempt_at <= now()) returning *`,
      ),

    save: (before, after, record, message) =>
      save({ before, after, record, message: hasEnded(before, after.payment) ? message : undefined }),

    async release(id, sagaId) {
      await sql`
        update payment set desired = 'released', void_saga_id = ${sagaId}, next_attempt_at = now()
        where id = ${id} and desired = 'captured'`;
    },

    async answerAgain(payment, message) {
      await outbox.commit(message, async () => ({
        subject: payment.orderId,
        drafts: [answerOf(payment)],
        result: undefined,
      }));
    },

    async due(limit) {
      const rows = await sql<{ id: string }[]>`
        select id from payment where next_attempt_at <= now() and (lease_until is null or lease_until < now())
        order by next_attempt_at limit ${limit}`;
      return rows.map((row) => row.id);
    },
  };
}

/** Leased in the same write that made it due. */
const taken = (db: TransactionSql) => db`,
  lease_id = gen_random_uuid(), lease_until = now() + make_interval(secs => ${leaseSeconds}),
  next_attempt_at = now() + make_interval(secs => ${leaseSeconds})`;

/** A saga that has moved, and when the sweep is to ask order again. One that has not is left alone: an answer may be moving it. */
function movedSaga(db: TransactionSql, before: Payment, after: Payment) {
  if (!after.saga || after.saga === before.saga) return db``;
  const waits = pendingCommand(payOrder, after, after.saga) !== undefined;
  return db`,
    saga = ${db.json(after.saga as never)},
    saga_wake_at = now() + make_interval(secs => ${waits ? answerWithinSeconds : null})`;
}

/** Who works on it from now on, and when the sweep has to. */
function next(db: TransactionSql, before: Payment, after: Payment) {
  // A wish that changed while we were at it is for the sweep.
  if (hasEnded(before, after))
    return db`lease_id = null, lease_until = null, next_attempt_at = case when desired = ${before.desired} then null else now() end`;
  if (after.attempts > before.attempts || after.observed === "processing") {
    const pauseSeconds = Math.min(longestPauseSeconds, 0.5 * 2 ** Math.min(after.attempts, 10));
    return db`lease_id = null, lease_until = null, next_attempt_at = now() + make_interval(secs => ${pauseSeconds})`;
  }
  return db`lease_until = now() + make_interval(secs => ${leaseSeconds}), next_attempt_at = now() + make_interval(secs => ${leaseSeconds})`;
}
