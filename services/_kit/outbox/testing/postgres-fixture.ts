import { afterAll, afterEach, beforeEach } from "bun:test";
import { systemClock } from "../../clock";
import type { Message } from "../../messaging/envelope";
import type { Publisher } from "../../messaging/publisher";
import { silentLog } from "../../testing/log";
import { type TestType, testCatalogue } from "../../testing/queue";
import { testPostgres } from "../../testing/stores";
import { type PostgresOutbox, postgresOutbox } from "../postgres";
import { fakeQueue } from "./fake-queue";

export type TestOutbox = PostgresOutbox<ReturnType<typeof testCatalogue>["catalogue"]>;

/** A PostgreSQL database with outboxes of a service `test` and a table `thing` as its state, reset before each test. */
export async function postgresFixture() {
  const database = await testPostgres("kit_outbox", `${import.meta.dir}/../../testing/migrations`);
  const { sql } = database;
  await sql`create table thing (n int primary key)`;
  const { catalogue, a } = testCatalogue();
  const queue = fakeQueue();
  const outboxes: TestOutbox[] = [];

  afterAll(() => database.drop());
  beforeEach(async () => {
    queue.reset();
    await sql`truncate outbox, inbox, queue_state, thing restart identity`;
  });
  const closeOutboxes = () => Promise.all(outboxes.splice(0).map((outbox) => outbox.close()));
  afterEach(closeOutboxes);

  function anOutbox(publisher: Publisher = queue.publisher): TestOutbox {
    const outbox = postgresOutbox({ sql, source: "test", catalogue, publisher, clock: systemClock, log: silentLog });
    outboxes.push(outbox);
    return outbox;
  }

  return {
    ...{ sql, catalogue, queue, queueA: a, anOutbox, closeOutboxes },
    /** Two outboxes, as of two processes of the service. */
    twoOutboxes: (): [TestOutbox, TestOutbox] => [anOutbox(), anOutbox()],
    /** Stores thing `n` and sends a message about it. */
    commit: (outbox: TestOutbox, n: number, o: { message?: Message; subject?: string; type?: TestType } = {}) =>
      outbox.commit(o.message, async (tx) => {
        await tx`insert into thing (n) values (${n})`;
        const type = o.type ?? "to.a";
        return { subject: o.subject ?? "s1", drafts: [{ type, data: { n } }], result: n };
      }),
    /** The `n` of each message in the order of first arrival. Later copies are duplicates by their job id. */
    firstArrivals: () => [...new Set(queue.numbers())],
    /** The rows of `thing`, `outbox` and `inbox`. */
    async rowCounts() {
      const [counts] = await sql<[{ thing: number; outbox: number; inbox: number }]>`
        select (select count(*)::int from thing) as thing, (select count(*)::int from outbox) as outbox,
          (select count(*)::int from inbox) as inbox`;
      return counts;
    },
    unsentCount: async () => Number((await sql`select count(*) from outbox where sent_at is null`)[0]?.count),
    /** Makes unsent messages due, as if their process had died. Rows locked by a sweep stay as they are. */
    wakeAll: () => sql`
      update outbox set wake_at = now() - interval '1 second'
      where seq in (select seq from outbox where sent_at is null for update skip locked)`,
  };
}
