import type { Draft, Message } from "../messaging/envelope";
import type { Sql, TransactionSql } from "../stores/postgres";
import type { OutboxRow } from "./postgres-rows";

/** The messages about one subject that are sent because `message` was handled, or because of a request if it is undefined. */
export type SubjectDrafts = {
  message: Message | undefined;
  subject: string;
  drafts: Draft[];
  /** The trace of the work that produced the drafts. In shared work it is not the current one. */
  traceparent: string | undefined;
};

/** As `SubjectDrafts`, with messages instead of drafts. Their sequence is the `seq` under which they will be stored. */
export type SubjectBodies = { message: Message | undefined; subject: string; bodies: OutboxRow["body"][] };

const inboxDays = 7;

/** The first of the two keys of an advisory lock; nothing else in the database uses it. */
const outboxLock = 7_203_412;

/** Deletes inbox rows after seven days. The last copy of a message is expected to arrive long before. */
export async function deleteOldInboxRows(sql: Sql): Promise<void> {
  await sql`delete from inbox where received_at < now() - make_interval(days => ${inboxDays})`;
}

/** @returns the ids of those `messages` that are in the inbox: they were handled before */
export async function findHandled(tx: TransactionSql, messages: Message[]): Promise<Set<string>> {
  const ids = messages.map((message) => message.id);
  const rows = await tx<{ id: string }[]>`select message_id as id from inbox where message_id = any(${ids}::uuid[])`;
  return new Set(rows.map((row) => row.id));
}

/** The messages that were sent when `messageId` was handled for the first time. */
export async function loadReply(sql: Sql, messageId: string): Promise<Message[]> {
  const [row] = await sql<{ reply: Message[] }[]>`select reply from inbox where message_id = ${messageId}`;
  return row?.reply ?? [];
}

/**
 * Stores messages and inbox rows in one round trip.
 * Transactions of one subject take their `seq` numbers one after the other, each after the previous one has committed;
 * otherwise a higher number could become visible, and be sent, first. The advisory locks are taken in the same round trip
 * and in the order of their keys, and the transaction waits for nothing after them, so they cannot deadlock.
 * @returns what to publish, by `seq`: the stored messages, and older unsent ones of their subjects
 */
export async function storeMessages(tx: TransactionSql, work: SubjectBodies[]): Promise<OutboxRow[]> {
  const subjects = [...new Set(work.map(({ subject }) => subject))];
  const bodies = work.flatMap((item) => item.bodies);
  const handled = work.flatMap(({ message, bodies }) =>
    message ? [{ id: message.id, replies: bodies.map((body) => body.id) }] : [],
  );
  const locked = tx`
    select pg_advisory_xact_lock(${outboxLock}, key)
    from (select distinct hashtext(subject) as key from unnest(${subjects}::text[]) as subject order by 1) as keys`;
  const stored = tx<OutboxRow[]>`
    with fresh as (
      insert into outbox (subject, body)
      select body->>'subject', body from jsonb_array_elements(${tx.json(bodies as never)}) as message(body)
      returning seq, body
    ), handled as (
      insert into inbox (message_id, reply)
      select entry.id, (
        select coalesce(jsonb_agg(body || jsonb_build_object('sequence', seq) order by seq), '[]')
        from fresh where entry.replies ? (body->>'id')
      ) from jsonb_to_recordset(${tx.json(handled as never)}) as entry(id uuid, replies jsonb)
    )
    select seq, body from fresh
    union all select seq, body from outbox where subject = any(${subjects}) and sent_at is null`;
  const [, rows] = await Promise.all([locked, stored]);
  return rows.sort((a, b) => Number(a.seq) - Number(b.seq));
}
