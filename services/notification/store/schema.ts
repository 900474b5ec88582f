import { sql } from "drizzle-orm";
import { index, integer, jsonb, pgEnum, pgTable, text, timestamp, unique, uuid } from "drizzle-orm/pg-core";

const at = (name: string) => timestamp(name, { withTimezone: true });

export const deliveryStatus = pgEnum("delivery_status", ["pending", "sending", "sent", "failed", "skipped"]);

/** Every notification, with the outcome of its delivery. */
export const delivery = pgTable(
  "delivery",
  {
    id: uuid().primaryKey(),
    messageId: uuid("message_id").notNull(),
    channel: text().notNull(),
    userId: uuid("user_id").notNull(),
    /** Null if the user no longer exists. */
    recipient: text(),
    template: text().notNull(),
    subject: text().notNull(),
    /** The template's data. Removed when the notification is sent. */
    data: jsonb(),
    status: deliveryStatus().notNull(),
    attempts: integer().notNull().default(0),
    lastError: text("last_error"),
    /** The trace of the message that the notification is about. Each attempt is a part of it. */
    traceparent: text(),
    /** No worker may claim the delivery earlier: the end of the current attempt's lease, or of the retry delay. */
    leaseUntil: at("lease_until").notNull(),
    createdAt: at("created_at").notNull().defaultNow(),
    sentAt: at("sent_at"),
  },
  (table) => [
    // The inbox of this service: a message creates at most one delivery for each channel.
    unique("delivery_message").on(table.messageId, table.channel),
    index("delivery_due").on(table.leaseUntil).where(sql`${table.status} in ('pending', 'sending')`),
    index("delivery_user").on(table.userId, table.id),
  ],
);
