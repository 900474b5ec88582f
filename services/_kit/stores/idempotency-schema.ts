import { index, integer, json, pgTable, text, timestamp } from "drizzle-orm/pg-core";

/** The table of `idempotency-postgres.ts`, part of the schema of each PostgreSQL service that takes an `Idempotency-Key`. */
export const idempotencyKey = pgTable(
  "idempotency_key",
  {
    /** A hash of who asked, how, where and by which key. */
    scope: text().primaryKey(),
    /** A hash of what was asked for. */
    requestHash: text("request_hash").notNull(),
    status: integer().notNull(),
    /** As text, so that it is sent again as it was. */
    body: json().notNull(),
    createdAt: timestamp("created_at", { withTimezone: true }).notNull().defaultNow(),
  },
  (table) => [index("idempotency_key_created_at").on(table.createdAt)],
);
