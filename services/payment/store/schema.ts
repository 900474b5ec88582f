import { sql } from "drizzle-orm";
import { bigint, check, index, integer, jsonb, pgTable, text, timestamp, uniqueIndex, uuid } from "drizzle-orm/pg-core";

export { inbox, outbox, queueState } from "@shop/kit/outbox/schema";

const at = (name: string) => timestamp(name, { withTimezone: true });

export const payment = pgTable(
  "payment",
  {
    id: uuid().primaryKey(),
    orderId: uuid("order_id").notNull(),
    userId: uuid("user_id").notNull(),
    sagaId: uuid("saga_id").notNull(),
    /** The saga that asked for the void. */
    voidSagaId: uuid("void_saga_id"),
    provider: text().notNull(),
    /** Minor units. */
    amount: bigint({ mode: "number" }).notNull(),
    currency: text().notNull(),
    status: text().notNull(),
    desired: text().notNull(),
    observed: text().notNull(),
    providerId: text("provider_id"),
    sealedToken: text("sealed_token"),
    failureCode: text("failure_code"),
    attempts: integer().notNull().default(0),
    /** The state of the pay-order saga, and when the sweep sends its command again. */
    saga: jsonb(),
    sagaWakeAt: at("saga_wake_at"),
    /** The trace that asked for the payment. What the sweep does later continues it. */
    traceparent: text(),
    /** The idempotency key of the request that started the payment, and the hash of that request. */
    idempotencyScope: text("idempotency_scope"),
    idempotencyHash: text("idempotency_hash"),
    leaseId: uuid("lease_id"),
    leaseUntil: at("lease_until"),
    /** When the sweep calls the provider; null while there is no call to make. */
    nextAttemptAt: at("next_attempt_at"),
    createdAt: at("created_at").notNull().defaultNow(),
    updatedAt: at("updated_at").notNull().defaultNow(),
  },
  (table) => [
    uniqueIndex("payment_saga").on(table.sagaId),
    uniqueIndex("payment_one_live_per_order").on(table.orderId).where(sql`${table.status} in ('pending', 'completed')`),
    uniqueIndex("payment_idempotency").on(table.idempotencyScope).where(sql`${table.idempotencyScope} is not null`),
    index("payment_saga_waiting").on(table.sagaWakeAt).where(sql`${table.sagaWakeAt} is not null`),
    index("payment_order").on(table.orderId),
    index("payment_due").on(table.nextAttemptAt).where(sql`${table.nextAttemptAt} is not null`),
    check("payment_amount_positive", sql`${table.amount} > 0`),
    check("payment_status", sql`${table.status} in ('pending', 'completed', 'failed', 'voided')`),
    check("payment_desired", sql`${table.desired} in ('captured', 'released')`),
  ],
);

/** Every call to a provider. Rows are never changed, and are removed only together with their payment. */
export const transaction = pgTable(
  "transaction",
  {
    seq: bigint({ mode: "number" }).generatedAlwaysAsIdentity().primaryKey(),
    paymentId: uuid("payment_id")
      .notNull()
      .references(() => payment.id),
    call: text().notNull(),
    idempotencyKey: text("idempotency_key").notNull(),
    outcome: text().notNull(),
    detail: text().notNull(),
    latencyMs: integer("latency_ms").notNull(),
    at: at("at").notNull().defaultNow(),
  },
  (table) => [index("transaction_payment").on(table.paymentId)],
);
