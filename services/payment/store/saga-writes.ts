import type { Messages } from "@shop/contracts/messages";
import type { PostgresOutbox } from "@shop/kit/outbox/postgres";
import { traceparent } from "@shop/kit/telemetry/tracing";
import type { SagaWrites } from "../deps";
import { isDue } from "../domain/payment";
import { leaseColumns, sagaColumns } from "./columns";
import { insertPayment } from "./insert";
import { firstPayment, type PaymentRow, toPayment } from "./rows";

export const sagaWrites = (outbox: PostgresOutbox<Messages>): SagaWrites => ({
  startSaga({ payment, drafts }, request) {
    const traced = { ...payment, traceparent: traceparent() };
    return outbox.commit(undefined, async (tx) => {
      const result = await insertPayment(tx, traced, request);
      return { subject: payment.orderId, drafts: result ? drafts : [], result };
    });
  },

  moveSaga: (sagaId, message, decide) =>
    outbox.commit(message, async (tx) => {
      const before = firstPayment(await tx<PaymentRow[]>`select * from payment where saga_id = ${sagaId} for update`);
      const after = before && decide(before);
      if (!before || !after) return { subject: message.subject, drafts: [], result: undefined };
      const { status, failureCode, sealedToken } = after.payment;
      const rows = await tx<PaymentRow[]>`
        update payment set
          status = ${status}, failure_code = ${failureCode ?? null}, sealed_token = ${sealedToken ?? null},
          updated_at = now() ${isDue(after.payment) ? leaseColumns(tx) : tx``} ${sagaColumns(tx, before, after.payment)}
        where id = ${before.id} returning *`;
      return { subject: before.orderId, drafts: after.drafts, result: firstPayment(rows) };
    }),

  async retryCommands(limit, toCommand) {
    await outbox.commitAll([], async (tx) => {
      const rows = await tx<PaymentRow[]>`
        update payment set
          saga_wake_at = now() + least(interval '10 minutes', greatest(interval '10 seconds', now() - updated_at))
        where id in (
          select id from payment where saga_wake_at <= now() order by saga_wake_at limit ${limit} for update skip locked
        ) returning *`;
      return rows.map(toPayment).flatMap((payment) => {
        const draft = toCommand(payment);
        const { orderId, traceparent } = payment;
        return draft ? [{ message: undefined, subject: orderId, drafts: [draft], traceparent }] : [];
      });
    });
  },
});
