import { sql } from "drizzle-orm";
import { index, integer, jsonb, pgEnum, pgTable, text, timestamp, unique, uuid } from "drizzle-orm/pg-core";

const instant = (name: string) => timestamp(name, { withTimezone: true });

export const deliveryStatus = pgEnum("delivery_status", ["pending", "sending", "sent", "failed", "skipped"]);

/** Every notice that was to be sent, and what became of it. */
export const delivery = pgTable(
  "delivery",
  {
    id: uuid().primaryKey(),
    messageId: uuid("message_id").notNull(),
    channel: text().notNull(),
    userId: uuid("user_id").notNull(),
    /** Null where there is nobody to send it to. */
    recipient: text(),
    template: text().notNull(),
    subject: text().notNull(),
    /** What the template is filled with; removed when it is sent. */
    data: jsonb(),
    status: deliveryStatus().notNull(),
    attempts: integer().notNull().default(0),
    lastError: text("last_error"),
    /** Nobody else may take it before: while it is being sent, and between two attempts. */
    leaseUntil: instant("lease_until").notNull(),
    createdAt: instant("created_at").notNull().defaultNow(),
    sentAt: instant("sent_at"),
  },
  (table) => [
    // The inbox of this service: one message makes one delivery a channel, however often it comes.
    unique("delivery_message").on(table.messageId, table.channel),
    index("delivery_due").on(table.leaseUntil).where(sql`${table.status} in ('pending', 'sending')`),
    index("delivery_user").on(table.userId, table.id),
  ],
);
