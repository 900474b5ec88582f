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
   */
  commit<R>(message: Message | undefined, work: Work<C, R>): Promise<R | undefined>;
  close(): Promise<void>;
};

const inboxDays = 7;

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
        // A subject whose earlier message is still claimed by somebody else has to wait, or it would be overtaken.
        const rows = await sql<Row[]>`
          with claimed as (
            select seq from outbox where sent_at is null and wake_at <= now() order by seq limit ${limit} for update skip locked
          )
          update outbox set wake_at = now() + interval '5 seconds' from claimed
          where outbox.seq = claimed.seq returning outbox.seq, outbox.body`;
        return [...Map.groupBy(rows.sort(bySeq), (row) => row.body.subject).values()].map(toCommitted);
      },
      async acknowledge(acks) {
        await sql`update outbox set sent_at = now() where seq = any(${acks.flat()}::bigint[]) and sent_at is null`;
      },
    },
  });

  /** Rows are dropped when nobody can ask for them any more. */
  const stopSweeping = every(
    60_000,
    async () => {
      await sql`delete from outbox where sent_at < now() - interval '1 hour'`;
      await sql`delete from inbox where received_at < now() - make_interval(days => ${inboxDays})`;
    },
    o.log,
  );

  async function replyAgain(message: Message): Promise<void> {
    const [row] = await sql<{ reply: Message[] }[]>`select reply from inbox where message_id = ${message.id}`;
    const suffix = Bun.randomUUIDv7();
    relay.dispatch({
      outgoing: (row?.reply ?? []).map((reply) => ({ message: reply, jobId: `${reply.id}-${suffix}` })),
    });
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
      await stopSweeping();
      await relay.close();
    },
  };

  /** Stores messages and inbox note in one statement. Returns what is to be sent: these, after older unsent ones of the subject. */
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
    const rows = await tx<Row[]>`
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
