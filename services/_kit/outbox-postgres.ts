import type { Clock } from "./clock";
import type { Log } from "./log";
import { type Catalogue, type Draft, type DraftOf, type Message, messageOf } from "./messages";
import { isUniqueViolation, type Sql, type TransactionSql } from "./postgres";
import type { Outgoing, Publisher } from "./publisher";
import { every, type Relay, startRelay } from "./relay";

type Row = { seq: string; body: Omit<Message, "sequence"> };

/** What one transaction changes and tells. */
export type Work<C extends Catalogue, R> = (
  tx: TransactionSql,
) => Promise<{ subject: string; drafts: DraftOf<C>[]; result: R }>;

export type PostgresOutbox<C extends Catalogue> = {
  /**
   * Commits changes, messages and the note that `message` was handled — all or nothing — then publishes.
   * @returns the work's result; undefined if `message` had been handled before: its stored reply is sent again instead
   * @throws what `work` throws, and nothing is kept; when the stored reply cannot be sent, so that the message is retried
   */
  commit<R>(message: Message | undefined, work: Work<C, R>): Promise<R | undefined>;
  close(): Promise<void>;
};

const inboxDays = 7;

/** The first of the two numbers of an advisory lock; no other use in the database takes it. */
const outboxLock = 7_203_412;

/** Rows are dropped when nobody can ask for them any more. */
export async function dropOld(sql: Sql): Promise<void> {
  await sql`delete from outbox where sent_at < now() - interval '1 hour'`;
  await sql`delete from inbox where received_at < now() - make_interval(days => ${inboxDays})`;
}

/** Outbox and inbox of a service on PostgreSQL: tables `outbox` and `inbox` of `outbox-schema.ts`. */
export function postgresOutbox<C extends Catalogue>(o: {
  sql: Sql;
  source: string;
  catalogue: C;
  publisher: Publisher;
  clock: Clock;
  log: Log;
}): PostgresOutbox<C> {
  const { sql } = o;

  const relay: Relay<number[]> = startRelay({
    publisher: o.publisher,
    log: o.log,
    acknowledgeEveryMs: 100,
    sweepEveryMs: 500,
    store: {
      async claim(limit) {
        // A subject is claimed by its oldest unsent message, and with that all of it: claimed message by message, a later
        // one could be taken by another sweep and overtake.
        const rows = await sql<Row[]>`
          with oldest as materialized (
            select seq, subject from outbox
            where sent_at is null and wake_at <= now() and not exists (
              select from outbox as earlier
              where earlier.subject = outbox.subject and earlier.sent_at is null and earlier.seq < outbox.seq
            )
            order by seq limit ${limit} for update skip locked
          ), claimed as (
            update outbox set wake_at = now() + interval '5 seconds' from oldest where outbox.seq = oldest.seq
          )
          select seq, body from outbox
          where sent_at is null and subject in (select subject from oldest) order by seq limit ${limit * 5}`;
        return [...Map.groupBy(rows, (row) => row.body.subject).values()].map(toCommitted);
      },
      async acknowledge(acks) {
        await sql`update outbox set sent_at = now() where seq = any(${acks.flat()}::bigint[]) and sent_at is null`;
      },
    },
  });

  const stopDropping = every(60_000, () => dropOld(sql), o.log);

  /** Waits for the queue: no outbox has this reply any more, so if it cannot be sent the message has to come again. */
  async function replyAgain(message: Message): Promise<void> {
    const [row] = await sql<{ reply: Message[] }[]>`select reply from inbox where message_id = ${message.id}`;
    const suffix = Bun.randomUUIDv7();
    await o.publisher.publish((row?.reply ?? []).map((reply) => ({ message: reply, jobId: `${reply.id}-${suffix}` })));
  }

  return {
    async commit<R>(message: Message | undefined, work: Work<C, R>): Promise<R | undefined> {
      try {
        const committed = await sql.begin(async (tx) => {
          if (message) {
            const [seen] = await tx`select 1 from inbox where message_id = ${message.id}`;
            if (seen) return undefined;
          }
          const { subject, drafts, result } = await work(tx);
          if (!message && drafts.length === 0) return { result, rows: [] };
          return { result, rows: await write(tx, { subject, drafts, message }) };
        });
        if (!committed) {
          await replyAgain(message as Message);
          return undefined;
        }
        relay.dispatch(toCommitted(committed.rows));
        return committed.result;
      } catch (error) {
        // The same message was handled by somebody else at the same time.
        if (!message || !isUniqueViolation(error, "inbox_pkey")) throw error;
        await replyAgain(message);
        return undefined;
      }
    },
    async close() {
      await stopDropping();
      await relay.close();
    },
  };

  /**
   * Stores messages and inbox note in one statement. Returns what is to be sent: these, after older unsent ones of the subject.
   * Of one subject's transactions the next takes its numbers only when this one is committed; otherwise the higher number
   * could be visible, and sent, first. The lock is in the same round trip, and nothing is waited for after it.
   */
  async function write(
    tx: TransactionSql,
    told: { subject: string; drafts: Draft[]; message: Message | undefined },
  ): Promise<Row[]> {
    const bodies = told.drafts.map((draft) => {
      const { sequence: _, ...body } = messageOf(draft, {
        source: o.source,
        subject: told.subject,
        sequence: 0,
        version: o.catalogue[draft.type]?.version ?? 1,
        now: o.clock.now(),
      });
      return body;
    });
    const inTurn = tx`select pg_advisory_xact_lock(${outboxLock}, hashtext(${told.subject}))`;
    const stored = tx<Row[]>`
      with fresh as (
        insert into outbox (subject, body)
        select ${told.subject}, body from jsonb_array_elements(${tx.json(bodies as never)}) as told(body)
        returning seq, body
      ), handled as (
        insert into inbox (message_id, reply)
        select id, (select coalesce(jsonb_agg(body || jsonb_build_object('sequence', seq) order by seq), '[]') from fresh)
        from (select ${told.message?.id ?? null}::uuid as id) as it where id is not null
      )
      select seq, body from fresh
      union all select seq, body from outbox where subject = ${told.subject} and sent_at is null`;
    const [, rows] = await Promise.all([inTurn, stored]);
    return rows.sort(bySeq);
  }
}

const bySeq = (a: Row, b: Row) => Number(a.seq) - Number(b.seq);

function toCommitted(rows: Row[]): { outgoing: Outgoing[]; ack: number[] } {
  return {
    outgoing: rows.map((row) => ({ message: { ...row.body, sequence: Number(row.seq) }, jobId: row.body.id })),
    ack: rows.map((row) => Number(row.seq)),
  };
}
