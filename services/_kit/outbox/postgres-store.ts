import type { Sql, TransactionSql } from "../stores/postgres";
import { earlierMax, judgeRedis, type SeenRedis } from "./latest-redis";
import { bySubject, type OutboxRow } from "./postgres-rows";
import { type Adoption, type Backlog, countedMax, type OutboxStore } from "./store";
import { watermarkWriter } from "./watermark";

/** Messages are kept for this long after they were sent, even if they are handled, so that an operator can look at them. */
const keptHours = 1;

/** How many rows are deleted at a time, every ten seconds. A thousand orders a second add fewer. */
const deletedMax = 20_000;

async function seenRedis(sql: Sql | TransactionSql, lock = sql``): Promise<SeenRedis | undefined> {
  const [row] = await sql<SeenRedis[]>`
    select identity, earlier, extract(epoch from now() - seen_at)::float as "ageSeconds" from queue_state ${lock}`;
  return row;
}

const replace = (sql: Sql, identity: string, before: string | undefined): Promise<Adoption> =>
  sql.begin(async (tx) => {
    // The first process adds the row; the others wait for it here. Meanwhile the judgement may have changed.
    await tx`insert into queue_state (identity) values (${identity}) on conflict do nothing`;
    const stored = (await seenRedis(tx, tx`for update`)) as SeenRedis;
    if (judgeRedis(stored, identity, before) === "late") return { isLatest: false, resent: 0 };
    if (stored.identity === identity) return { isLatest: true, resent: 0 };
    const earlier = [stored.identity, ...stored.earlier.filter((each) => each !== identity)].slice(0, earlierMax);
    await tx`update queue_state set identity = ${identity}, earlier = ${earlier}, seen_at = now()`;
    const marked = await tx`
      update outbox set sent_at = null, wake_at = now() where sent_at >= (select handled_before from queue_state)`;
    return { isLatest: true, resent: marked.count };
  });

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
    // share lock makes `replace` wait, so that it sees what is acknowledged here.
    async acknowledge(acks, identity) {
      await sql`
        with same as materialized (select from queue_state where identity = ${identity} for share)
        update outbox set sent_at = now()
        where seq = any(${acks.flat()}::bigint[]) and sent_at is null and exists (select from same)`;
    },

    async adopt(identity, before) {
      const judgement = judgeRedis(await seenRedis(sql), identity, before);
      if (judgement === "refresh") await sql`update queue_state set seen_at = now() where identity = ${identity}`;
      return judgement === "replace" ? replace(sql, identity, before) : { isLatest: judgement !== "late", resent: 0 };
    },

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
