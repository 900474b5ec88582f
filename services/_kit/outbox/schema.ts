import { sql } from "drizzle-orm";
import { bigint, boolean, check, index, jsonb, pgTable, text, timestamp, uuid } from "drizzle-orm/pg-core";

/** Tables of the outbox and the inbox. They are part of the schema of each PostgreSQL service that sends messages. */
export const outbox = pgTable(
  "outbox",
  {
    seq: bigint({ mode: "number" }).generatedAlwaysAsIdentity().primaryKey(),
    subject: text().notNull(),
    /** The message without its sequence, which is `seq`. */
    body: jsonb().notNull(),
    createdAt: timestamp("created_at", { withTimezone: true }).notNull().defaultNow(),
    /** When the sweep may claim the message. Until then it belongs to the process that committed or claimed it. */
    wakeAt: timestamp("wake_at", { withTimezone: true }).notNull().default(sql`now() + interval '2 seconds'`),
    sentAt: timestamp("sent_at", { withTimezone: true }),
  },
  (table) => [
    index("outbox_unsent").on(table.seq).where(sql`${table.sentAt} is null`),
    index("outbox_unsent_subject").on(table.subject).where(sql`${table.sentAt} is null`),
    index("outbox_sent_at").on(table.sentAt).where(sql`${table.sentAt} is not null`),
  ],
);

export const inbox = pgTable(
  "inbox",
  {
    messageId: uuid("message_id").primaryKey(),
    /** The messages that were sent when the message was handled. They are sent again if it arrives again. */
    reply: jsonb().notNull(),
    receivedAt: timestamp("received_at", { withTimezone: true }).notNull().defaultNow(),
  },
  (table) => [index("inbox_received_at").on(table.receivedAt)],
);

/** One row: the Redis instance that has the sent messages, and the time before which all of them are handled. See `SeenRedis`. */
export const queueState = pgTable(
  "queue_state",
  {
    one: boolean().primaryKey().default(true),
    identity: text().notNull(),
    seenAt: timestamp("seen_at", { withTimezone: true }).notNull().defaultNow(),
    earlier: text().array().notNull().default(sql`'{}'`),
    handledBefore: timestamp("handled_before", { withTimezone: true }).notNull().default(sql`'-infinity'`),
  },
  (table) => [check("queue_state_one", sql`${table.one}`)],
);
