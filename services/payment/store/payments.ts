import type { Messages } from "@shop/contracts/messages";
import { grouped } from "@shop/kit/grouped";
import type { Message } from "@shop/kit/messages";
import type { PostgresOutbox } from "@shop/kit/outbox-postgres";
import type { Sql, TransactionSql } from "@shop/kit/postgres";
import type { CallRecord, PaymentStore } from "../deps";
import { answerOf, type Payment } from "../domain/payment";
import { type PaymentRow, toPayment } from "./rows";

/** Longer than a call to a provider may take (4 s), so that two processes never call at the same time. */
const leaseSeconds = 6;
const longestPauseSeconds = 60;

type Ending = { before: Payment; after: Payment; record?: CallRecord; message?: Message };

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

  /** Payments that end at the same time share a transaction. Without its lease one saves nothing, so it tells nothing either. */
  const end = grouped<Ending, Payment | undefined>({
    most: 32,
    atOnce: 2,
    async run(endings) {
      const saved = new Map<Ending, Payment | undefined>();
      const messages = endings.flatMap(({ message }) => message ?? []);
      await outbox.commitAll(messages, async (tx, fresh) => {
        const open = endings.filter(({ message }) => !message || fresh.includes(message));
        await Promise.all(open.map(async (it) => saved.set(it, await write(tx, it.before, it.after, it.record))));
        return open
          .filter((it) => saved.get(it))
          .map(({ message, after }) => ({ message, subject: after.orderId, drafts: [answerOf(after)] }));
      });
      return endings.map((it) => saved.get(it));
    },
  });

  return {
    async open(payment) {
      const leaseId = payment.status === "pending" ? crypto.randomUUID() : null;
      const opened = one(
        await sql<PaymentRow[]>`
        insert into payment (
          id, order_id, user_id, saga_id, provider, amount, currency, status, desired, observed, sealed_token, failure_code,
          lease_id, lease_until, next_attempt_at
        ) values (
          ${payment.id}, ${payment.orderId}, ${payment.userId}, ${payment.sagaId}, ${payment.provider}, ${payment.amount.amount},
          ${payment.amount.currency}, ${payment.status}, ${payment.desired}, ${payment.observed}, ${payment.sealedToken ?? null},
          ${payment.failureCode ?? null}, ${leaseId},
          case when ${leaseId !== null} then now() + make_interval(secs => ${leaseSeconds}) end,
          case when ${leaseId !== null} then now() + make_interval(secs => ${leaseSeconds}) end
        ) on conflict (saga_id) do nothing returning *`,
      );
      if (opened) return { payment: opened, isNew: true };
      return { payment: (await this.bySaga(payment.sagaId)) as Payment, isNew: false };
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
      hasEnded(before, after) ? end({ before, after, record, message }) : write(sql, before, after, record),

    async release(id) {
      await sql`update payment set desired = 'released', next_attempt_at = now() where id = ${id} and desired = 'captured'`;
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
  if (after.attempts > 0 || after.observed === "processing") {
    const pauseSeconds = Math.min(longestPauseSeconds, 0.5 * 2 ** Math.min(after.attempts, 10));
    return db`lease_id = null, lease_until = null, next_attempt_at = now() + make_interval(secs => ${pauseSeconds})`;
  }
  return db`lease_until = now() + make_interval(secs => ${leaseSeconds}), next_attempt_at = now() + make_interval(secs => ${leaseSeconds})`;
}
