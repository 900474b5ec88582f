import type { Sql } from "../stores/postgres";
import { bySubject, type OutboxRow } from "./postgres-rows";
import { type Backlog, countedMax, type OutboxStore } from "./store";
import { watermarkWriter } from "./watermark";

/** Messages are kept for this long after they were sent, even if they are handled, so that an operator can look at them. */
const keptHours = 1;

/** How many rows are deleted at a time, every ten seconds. A thousand orders a second add fewer. */
const deletedMax = 20_000;

/** The outbox that the relay sees: table `outbox`, acknowledged by `seq`. */
export function postgresOutboxStore(sql: Sql): OutboxStore<number[]> {
  const writeWatermark = watermarkWriter(
    (before) => sql`update queue_state set handled_before = ${before} where handled_before < ${before}`,
  );

  return {
    // Claims whole subjects, each by its oldest unsent message. If messages were claimed one by one, another sweep
    // could claim a later message of the subject and publish it first.
    async claim(limit) {
      const rows = await sql<OutboxRow[]>`
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

    // Records nothing if another identity was stored meanwhile: the messages may then be in the Redis that is lost. The
    // share lock makes `resend` wait, so that it sees what is acknowledged here.
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
        const marked = await tx`
          update outbox set sent_at = null, wake_at = now() where sent_at >= (select handled_before from queue_state)`;
        return marked.count;
      }),

    async recordHandled(handledBefore) {
      const before = await writeWatermark(handledBefore);
      if (!before) return;
      await sql`
        delete from outbox where seq in (
          select seq from outbox where sent_at < least(${before}, now() - make_interval(hours => ${keptHours}))
          order by sent_at limit ${deletedMax}
        )`;
    },

    async backlog() {
      const [row] = await sql<Backlog[]>`
        select count(*)::int as unsent, coalesce(extract(epoch from now() - min(created_at)), 0)::float as "oldestSeconds"
        from (select created_at from outbox where sent_at is null order by seq limit ${countedMax}) as waiting`;
      return row ?? { unsent: 0, oldestSeconds: 0 };
    },
  };
}
