import { index, integer, json, pgTable, text, timestamp } from "drizzle-orm/pg-core";

/** The table of `idempotency.ts`. It is part of the schema of each PostgreSQL service that accepts an `Idempotency-Key`. */
export const idempotencyKey = pgTable(
  "idempotency_key",
  {
    /** A hash of subject, method, route and key. */
    scope: text().primaryKey(),
    /** A hash of the request. */
    requestHash: text("request_hash").notNull(),
    status: integer().notNull(),
    /** `json` and not `jsonb`, so that a replay returns the same bytes: `jsonb` reorders fields. */
    body: json().notNull(),
    createdAt: timestamp("created_at", { withTimezone: true }).notNull().defaultNow(),
  },
  (table) => [index("idempotency_key_created_at").on(table.createdAt)],
);
