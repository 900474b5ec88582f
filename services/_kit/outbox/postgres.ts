import { every } from "../async/every";
import { type Clock, plusSeconds } from "../clock";
import { type Catalogue, createMessage, type Draft, type DraftOf, type Message } from "../messaging/envelope";
import type { Outgoing, Publisher } from "../messaging/publisher";
import { isUniqueViolation, type Sql, type TransactionSql } from "../stores/postgres";
import type { Log } from "../telemetry/log";
import {
  type Backlog,
  countedMax,
  handledInAllQueues,
  type Relay,
  startRelay,
  watermarkIntervalSeconds,
} from "./relay";

type Row = { seq: string; body: Omit<Message, "sequence"> };

/** What one transaction changes and tells. */
export type Work<C extends Catalogue, R> = (
  tx: TransactionSql,
) => Promise<{ subject: string; drafts: DraftOf<C>[]; result: R }>;

/** What the handling of one message tells about one subject. */
export type SubjectDrafts = { message: Message | undefined; subject: string; drafts: Draft[] };

export type PostgresOutbox<C extends Catalogue> = {
  /**
   * Commits changes, messages and the note that `message` was handled — all or nothing — then publishes.
   * @returns the work's result; undefined if `message` had been handled before: its stored reply is sent again instead
   * @throws what `work` throws, and nothing is kept; when the stored reply cannot be sent, so that the message is retried
   */
  commit<R>(message: Message | undefined, work: Work<C, R>): Promise<R | undefined>;
  /**
   * The same for many messages in one transaction, which share its cost. It succeeds or fails as a whole.
   * @param work is given those of `messages` that were not handled before
   * @returns the ids of those that were, whose stored replies are sent again
   */
  commitAll(
    messages: Message[],
    work: (tx: TransactionSql, fresh: Message[]) => Promise<SubjectDrafts[]>,
  ): Promise<ReadonlySet<string>>;
  close(): Promise<void>;
};

const inboxDays = 7;

/** What was sent and handled is kept for so long, to be shown to an operator. */
const shownHours = 1;

/** Rows deleted each ten seconds: what a thousand orders a second would leave behind. */
const mostForgotten = 20_000;

/** The first of the two numbers of an advisory lock; no other use in the database takes it. */
const outboxLock = 7_203_412;

/** Rows are dropped when nobody can ask for them any more. */
export async function deleteOldInboxRows(sql: Sql): Promise<void> {
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

  let noted = new Date(0);
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
        return bySubject(rows);
      },
      // Only while nobody has found another Redis: these may have been in the one that is gone. The share lock makes
      // `sendAgain` wait for us, so that it sees what we noted.
      async acknowledge(acks, identity) {
        await sql`
          with same as materialized (select from queue_state where identity = ${identity} for share)
          update outbox set sent_at = now()
          where seq = any(${acks.flat()}::bigint[]) and sent_at is null and exists (select from same)`;
      },
      resend: (identity) =>
        sql.begin(async (tx) => {
          const [changed] = await tx<{ handledBefore: Date }[]>`
            insert into queue_state (identity) values (${identity})
            on conflict (one) do update set identity = excluded.identity where queue_state.identity <> excluded.identity
            returning handled_before as "handledBefore"`;
          if (!changed) return 0;
          const again = await tx`
            update outbox set sent_at = null, wake_at = now() where sent_at >= (select handled_before from queue_state)`;
          return again.count;
        }),
      async deleteHandled(handledBefore) {
        const before = handledInAllQueues(handledBefore);
        if (before < plusSeconds(noted, watermarkIntervalSeconds)) return;
        await sql`update queue_state set handled_before = ${before} where handled_before < ${before}`;
        noted = before;
        await sql`
          delete from outbox where seq in (
            select seq from outbox where sent_at < least(${before}, now() - make_interval(hours => ${shownHours}))
            order by sent_at limit ${mostForgotten}
          )`;
      },
      async backlog() {
        const [row] = await sql<Backlog[]>`
          select count(*)::int as unsent, coalesce(extract(epoch from now() - min(created_at)), 0)::float as "oldestSeconds"
          from (select created_at from outbox where sent_at is null order by seq limit ${countedMax}) as waiting`;
        return row ?? { unsent: 0, oldestSeconds: 0 };
      },
    },
  });

  const stopDropping = every(60_000, () => deleteOldInboxRows(sql), o.log);

  /** Waits for the queue: no outbox has this reply any more, so if it cannot be sent the message has to come again. */
  async function replyAgain(messageId: string): Promise<void> {
    const [row] = await sql<{ reply: Message[] }[]>`select reply from inbox where message_id = ${messageId}`;
    const suffix = Bun.randomUUIDv7();
    await o.publisher.publish((row?.reply ?? []).map((reply) => ({ message: reply, jobId: `${reply.id}-${suffix}` })));
  }

  async function commitAll(
    messages: Message[],
    work: (tx: TransactionSql, fresh: Message[]) => Promise<SubjectDrafts[]>,
  ): Promise<ReadonlySet<string>> {
    const { handled, rows } = await sql
      .begin(async (tx) => {
        const known = messages.length > 0 ? await handledBefore(tx, messages) : new Set<string>();
        const told = await work(
          tx,
          messages.filter((message) => !known.has(message.id)),
        );
        const tells = told.some(({ message, drafts }) => message || drafts.length > 0);
        return { handled: known, rows: tells ? await write(tx, told) : [] };
      })
      .catch((error) => {
        // The same message was handled by somebody else at the same time.
        if (messages.length !== 1 || !isUniqueViolation(error, "inbox_pkey")) throw error;
        return { handled: new Set(messages.map((message) => message.id)), rows: [] as Row[] };
      });
    for (const committed of bySubject(rows)) relay.dispatch(committed);
    await Promise.all([...handled].map(replyAgain));
    return handled;
  }

  return {
    commitAll,
    async commit<R>(message: Message | undefined, work: Work<C, R>): Promise<R | undefined> {
      let result: R | undefined;
      const handled = await commitAll(message ? [message] : [], async (tx, fresh) => {
        if (message && fresh.length === 0) return [];
        const done = await work(tx);
        result = done.result;
        return [{ message, ...done }];
      });
      return handled.size > 0 ? undefined : result;
    },
    async close() {
      await stopDropping();
      await relay.close();
    },
  };

  /**
   * Stores messages and inbox notes in one statement. Returns what is to be sent: these, after older unsent ones of their subjects.
   * Of one subject's transactions the next takes its numbers only when this one is committed; otherwise the higher number
   * could be visible, and sent, first. The locks are in the same round trip, in the order of their numbers, and nothing is
   * waited for after them.
   */
  async function write(tx: TransactionSql, told: SubjectDrafts[]): Promise<Row[]> {
    const subjects = [...new Set(told.map(({ subject }) => subject))];
    const bodies = told.map(({ drafts, subject }) => drafts.map((draft) => bodyOf(draft, subject)));
    const notes = told.flatMap(({ message }, index) =>
      message ? [{ id: message.id, told: bodies[index]?.map((body) => body.id) }] : [],
    );
    const inTurn = tx`
      select pg_advisory_xact_lock(${outboxLock}, key)
      from (select distinct hashtext(subject) as key from unnest(${subjects}::text[]) as subject order by 1) as keys`;
    const stored = tx<Row[]>`
      with fresh as (
        insert into outbox (subject, body)
        select body->>'subject', body from jsonb_array_elements(${tx.json(bodies.flat() as never)}) as told(body)
        returning seq, body
      ), handled as (
        insert into inbox (message_id, reply)
        select note.id, (
          select coalesce(jsonb_agg(body || jsonb_build_object('sequence', seq) order by seq), '[]')
          from fresh where note.told ? (body->>'id')
        ) from jsonb_to_recordset(${tx.json(notes as never)}) as note(id uuid, told jsonb)
      )
      select seq, body from fresh
      union all select seq, body from outbox where subject = any(${subjects}) and sent_at is null`;
    const [, rows] = await Promise.all([inTurn, stored]);
    return rows.sort(bySeq);
  }

  function bodyOf(draft: Draft, subject: string): Row["body"] {
    const version = o.catalogue[draft.type]?.version ?? 1;
    const { sequence: _, ...body } = createMessage(draft, {
      source: o.source,
      subject,
      sequence: 0,
      version,
      now: o.clock.now(),
    });
    return body;
  }
}

async function handledBefore(tx: TransactionSql, messages: Message[]): Promise<Set<string>> {
  const ids = messages.map((message) => message.id);
  const rows = await tx<{ id: string }[]>`select message_id as id from inbox where message_id = any(${ids}::uuid[])`;
  return new Set(rows.map((row) => row.id));
}

const bySeq = (a: Row, b: Row) => Number(a.seq) - Number(b.seq);

function toCommitted(rows: Row[]): { outgoing: Outgoing[]; ack: number[] } {
  return {
    outgoing: rows.map((row) => ({ message: { ...row.body, sequence: Number(row.seq) }, jobId: row.body.id })),
    ack: rows.map((row) => Number(row.seq)),
  };
}

const bySubject = (rows: Row[]) => [...Map.groupBy(rows, (row) => row.body.subject).values()].map(toCommitted);
