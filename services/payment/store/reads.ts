import type { Sql } from "@shop/kit/stores/postgres";
import type { PaymentReads } from "../deps";
import { firstPayment, type PaymentRow, toPayment } from "./rows";

export const paymentReads = (sql: Sql): PaymentReads => ({
  findById: async (id) => firstPayment(await sql<PaymentRow[]>`select * from payment where id = ${id}`),

  findBySaga: async (sagaId) => firstPayment(await sql<PaymentRow[]>`select * from payment where saga_id = ${sagaId}`),

  async findByKey(scope) {
    const [row] = await sql<PaymentRow[]>`select * from payment where idempotency_scope = ${scope}`;
    return row && { payment: toPayment(row), requestHash: row.idempotency_hash ?? undefined };
  },

  listByOrder: async (orderId) =>
    (await sql<PaymentRow[]>`select * from payment where order_id = ${orderId} order by id`).map(toPayment),

  async listDue(limit) {
    const rows = await sql<{ id: string }[]>`
      select id from payment where next_attempt_at <= now() and (lease_until is null or lease_until < now())
      order by next_attempt_at limit ${limit}`;
    return rows.map((row) => row.id);
  },
});
