import type { Messages } from "@shop/contracts/messages";
import { batched } from "@shop/kit/async/batch";
import type { Message } from "@shop/kit/messaging/envelope";
import type { PostgresOutbox } from "@shop/kit/outbox/postgres";
import type { Sql, TransactionSql } from "@shop/kit/stores/postgres";
import { traceparent } from "@shop/kit/telemetry/tracing";
import type { CallRecord, LeasedWrites, PaymentReads } from "../deps";
import { replyFor } from "../domain/events";
import { type NewPayment, type Payment, reachesEnd } from "../domain/payment";
import type { PaymentTransition } from "../sagas/pay-order";
import { attemptColumns, leaseSeconds, sagaColumns } from "./columns";
import { insertPayment } from "./insert";
import { firstPayment, type PaymentRow } from "./rows";

type Insert = NewPayment & Pick<Payment, "traceparent">;
type Save = {
  before: Payment;
  after: PaymentTransition;
  record?: CallRecord;
  message?: Message;
  traceparent: string | undefined;
};

export function leasedWrites(
  sql: Sql,
  outbox: PostgresOutbox<Messages>,
  { findBySaga }: Pick<PaymentReads, "findBySaga">,
): LeasedWrites {
  const insert = batchedInserts(sql);
  const save = batchedSaves(outbox);

  return {
    async open(payment) {
      const inserted = await insert({ ...payment, traceparent: traceparent() });
      if (inserted) return { payment: inserted, isNew: true };
      const stored = await findBySaga(payment.sagaId);
      if (!stored) throw new Error(`order ${payment.orderId} has a live payment of another saga`);
      return { payment: stored, isNew: false };
    },

    lease: async (id) =>
      firstPayment(
        await sql<PaymentRow[]>`
        update payment set lease_id = gen_random_uuid(), lease_until = now() + make_interval(secs => ${leaseSeconds}),
          next_attempt_at = now() + make_interval(secs => ${leaseSeconds})
        where id = ${id} and (lease_until is null or lease_until < now())
          and (next_attempt_at is null or next_attempt_at <= now()) returning *`,
      ),

    save(before, after, record, message) {
      const handled = reachesEnd(before, after.payment) ? message : undefined;
      return save({ before, after, record, message: handled, traceparent: traceparent() });
    },

    async requestRelease(id, sagaId) {
      await sql`
        update payment set desired = 'released', void_saga_id = ${sagaId}, next_attempt_at = now()
        where id = ${id} and desired = 'captured'`;
    },

    async sendReply(payment, message) {
      await outbox.commit(message, async () => ({
        subject: payment.orderId,
        drafts: [replyFor(payment)],
        result: undefined,
      }));
    },
  };
}

/** Concurrent inserts share a transaction. */
const batchedInserts = (sql: Sql) =>
  batched<Insert, Payment | undefined>({
    name: "insert payments",
    maxSize: 32,
    maxConcurrent: 1,
    run: (payments) => sql.begin((tx) => Promise.all(payments.map((payment) => insertPayment(tx, payment)))),
  });

/** Concurrent saves share a transaction. A save without a valid lease stores nothing and sends nothing. */
const batchedSaves = (outbox: PostgresOutbox<Messages>) =>
  batched<Save, Payment | undefined>({
    name: "save payments",
    maxSize: 32,
    maxConcurrent: 1,
    async run(saves) {
      const saved = new Map<Save, Payment | undefined>();
      const messages = saves.flatMap(({ message }) => message ?? []);
      await outbox.commitAll(messages, async (tx, fresh) => {
        const open = saves.filter(({ message }) => !message || fresh.includes(message));
        await Promise.all(open.map(async (save) => saved.set(save, await write(tx, save))));
        return open
          .filter((save) => saved.get(save) && save.after.drafts.length > 0)
          .map(({ message, before, after, traceparent }) => ({
            message,
            subject: before.orderId,
            drafts: after.drafts,
            traceparent,
          }));
      });
      return saves.map((save) => saved.get(save));
    },
  });

/** Stores the observed state and the call that reported it, in one statement. */
async function write(db: TransactionSql, { before, after: { payment: after }, record }: Save) {
  return firstPayment(
    await db<PaymentRow[]>`
      with saved as (
        update payment set
          status = ${after.status}, observed = ${after.observed}, provider_id = ${after.providerId ?? null},
          sealed_token = ${after.sealedToken ?? null}, failure_code = ${after.failureCode ?? null},
          attempts = ${after.attempts}, updated_at = now(), ${attemptColumns(db, before, after)} ${sagaColumns(db, before, after)}
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
}
