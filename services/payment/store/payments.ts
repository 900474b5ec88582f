import type { Messages } from "@shop/contracts/messages";
import { grouped } from "@shop/kit/grouped";
import type { Message } from "@shop/kit/messages";
import type { PostgresOutbox } from "@shop/kit/outbox-postgres";
import type { Sql, TransactionSql } from "@shop/kit/postgres";
import type { CallRecord, NewPayment, PaymentStore } from "../deps";
import { answerOf, type Payment, refundOf } from "../domain/payment";
import { type PaymentRow, toPayment } from "./rows";

/** Longer than a call to a provider may take (4 s), so that two processes never call at the same time. */
const leaseSeconds = 6;
const longestPauseSeconds = 60;

type Save = { before: Payment; after: Payment; record?: CallRecord; message?: Message };

export function paymentStore(sql: Sql, outbox: PostgresOutbox<Messages>): PaymentStore {
  const one = (rows: PaymentRow[]): Payment | undefined => rows[0] && toPayment(rows[0]);

  /** One statement: the payment as seen, and the call that saw it. */
  const write = async (db: Sql | TransactionSql, before: Payment, after: Payment, record?: CallRecord) =>
    one(
      await db<PaymentRow[]>`
      with saved as (
        update payment set
          status = ${after.status}, observed = ${after.observed}, provider_id = ${after.providerId ?? null},
          sealed_token = ${after.sealedToken ?? null}, failure_code = ${after.failureCode ?? null},
          attempts = ${after.attempts}, updated_at = now(), ${next(db, before, after)}
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
  const save = grouped<Save, Payment | undefined>({
    most: 32,
    atOnce: 1,
    async run(saves) {
      const saved = new Map<Save, Payment | undefined>();
      const messages = saves.flatMap(({ message }) => message ?? []);
      await outbox.commitAll(messages, async (tx, fresh) => {
        const open = saves.filter(({ message }) => !message || fresh.includes(message));
        await Promise.all(open.map(async (it) => saved.set(it, await write(tx, it.before, it.after, it.record))));
        return open
          .filter((it) => saved.get(it) && hasEnded(it.before, it.after))
          .map(({ message, after }) => ({
            message,
            subject: after.orderId,
            drafts: [...refundOf(after), answerOf(after)],
          }));
      });
      return saves.map((it) => saved.get(it));
    },
  });

  /**
   * Conflicts with any index are passed over, not with the saga's alone: of two inserts at the same time the second may
   * meet the first in the index of live payments before it meets it in the saga's, and would fail there.
   */
  const insert = (db: Sql | TransactionSql, payment: NewPayment) => {
    const leaseId = payment.status === "pending" ? crypto.randomUUID() : null;
    const leaseSecondsOrNone = leaseId ? leaseSeconds : null;
    return db<PaymentRow[]>`
      insert into payment (
        id, order_id, user_id, saga_id, provider, amount, currency, status, desired, observed, sealed_token, failure_code,
        lease_id, lease_until, next_attempt_at
      ) values (
        ${payment.id}, ${payment.orderId}, ${payment.userId}, ${payment.sagaId}, ${payment.provider}, ${payment.amount.amount},
        ${payment.amount.currency}, ${payment.status}, ${payment.desired}, ${payment.observed}, ${payment.sealedToken ?? null},
        ${payment.failureCode ?? null}, ${leaseId},
        now() + make_interval(secs => ${leaseSecondsOrNone}), now() + make_interval(secs => ${leaseSecondsOrNone})
      ) on conflict do nothing returning *`;
  };

  const open = grouped<NewPayment, Payment | undefined>({
    most: 32,
    atOnce: 1,
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
      save({ before, after, record, message: hasEnded(before, after) ? message : undefined }),

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

const hasEnded = (before: Payment, after: Payment) => after.status !== before.status && after.status !== "pending";

/** Who works on it from now on, and when the sweep has to. */
function next(db: Sql | TransactionSql, before: Payment, after: Payment) {
  // A wish that changed while we were at it is for the sweep.
  if (hasEnded(before, after))
    return db`lease_id = null, lease_until = null, next_attempt_at = case when desired = ${before.desired} then null else now() end`;
  if (after.attempts > before.attempts || after.observed === "processing") {
    const pauseSeconds = Math.min(longestPauseSeconds, 0.5 * 2 ** Math.min(after.attempts, 10));
    return db`lease_id = null, lease_until = null, next_attempt_at = now() + make_interval(secs => ${pauseSeconds})`;
  }
  return db`lease_until = now() + make_interval(secs => ${leaseSeconds}), next_attempt_at = now() + make_interval(secs => ${leaseSeconds})`;
}
