import { describe, expect, test } from "bun:test";
import { eventually } from "../testing/eventually";
import { aMessage } from "../testing/queue";
import { deleteOldInboxRows } from "./postgres-commit";
import { fakeQueue } from "./testing/fake-queue";
import { postgresFixture } from "./testing/postgres-fixture";

const { sql, queue, unsentCount, ...fixture } = await postgresFixture();
const { anOutbox, twoOutboxes, commit, firstArrivals, rowCounts } = fixture;

describe("after a loss of Redis", () => {
  test("unhandled messages are resent once, under the same job ids, by whichever process detects it", async () => {
    const [one, other] = twoOutboxes();
    for (const n of [1, 2, 3]) await commit(one, n);
    await commit(other, 4, { subject: "s2" });
    await eventually(async () => (await unsentCount()) === 0);
    const jobs = queue.published.map((item) => item.jobId);
    queue.published = [];
    queue.identity = "redis-2";
    await eventually(() => queue.published.length >= 4);
    await eventually(async () => (await unsentCount()) === 0);
    expect(new Set(queue.published.map((item) => item.jobId))).toEqual(new Set(jobs));
    expect(firstArrivals().filter((n) => n < 4)).toEqual([1, 2, 3]);
    const resent = queue.published.length;
    await Bun.sleep(1_500); // both processes have checked Redis once more
    expect(queue.published.length).toBe(resent);
  });
  test("a late acknowledgement from the lost Redis is ignored", async () => {
    const outbox = anOutbox();
    await commit(outbox, 1);
    await eventually(async () => (await unsentCount()) === 0);
    // Another process has detected a new Redis instance, and this one has not yet.
    await sql`update queue_state set identity = 'redis-2'`;
    await commit(outbox, 2);
    await eventually(() => firstArrivals().includes(2));
    await Bun.sleep(300);
    expect(await unsentCount()).toBe(1);
    queue.identity = "redis-2";
    await eventually(async () => (await unsentCount()) === 0);
  });
  test("messages that were handled before are not resent, although they are still stored", async () => {
    const outbox = anOutbox();
    for (const n of [1, 2]) await commit(outbox, n);
    await eventually(async () => (await unsentCount()) === 0);
    await eventually(
      async () => (await sql`select from queue_state where handled_before > now() - interval '1 minute'`).length === 1,
    );
    await sql`update outbox set sent_at = now() - interval '2 minutes' where seq = 1`;
    queue.published = [];
    queue.identity = "redis-2";
    await eventually(() => queue.published.length > 0);
    await Bun.sleep(300);
    expect(firstArrivals()).toEqual([2]);
  });
});

describe("a failover that one process sees later than another", () => {
  /** One process is still connected to the old Redis, which is alive; the other already to the new one. */
  async function splitProcesses() {
    const [old, latest] = [queue, fakeQueue()];
    latest.identity = "redis-2";
    const one = anOutbox(old.publisher);
    await commit(one, 1);
    await eventually(async () => (await unsentCount()) === 0);
    old.published = [];
    const other = anOutbox(latest.publisher);
    await eventually(() => latest.numbers().includes(1));
    return { old, latest, one, other };
  }

  test("what went to the old one before the process noticed it is sent to the new one", async () => {
    const { old, latest, one } = await splitProcesses();
    await commit(one, 2);
    await eventually(() => latest.numbers().includes(2));
    await eventually(async () => (await unsentCount()) === 0);
    const noticedAt = old.snapshots;
    await eventually(() => old.snapshots >= noticedAt + 2);
    old.published = [];
    await commit(one, 3);
    await eventually(() => latest.numbers().includes(3));
    expect(old.published).toEqual([]);
  });

  test("the process on the old one sends again after it has moved on", async () => {
    const { old, one } = await splitProcesses();
    const seen = old.snapshots;
    await eventually(() => old.snapshots >= seen + 2);
    old.identity = "redis-2";
    const moved = old.snapshots;
    await eventually(() => old.snapshots >= moved + 2);
    await commit(one, 4);
    await eventually(() => old.numbers().includes(4));
    await eventually(async () => (await unsentCount()) === 0);
  });
});

describe("retention", () => {
  test("deletes messages that were sent more than an hour ago and before the oldest unfinished job", async () => {
    queue.oldest = new Map([["a", 0]]);
    const outbox = anOutbox();
    for (const n of [1, 2, 3]) await commit(outbox, n);
    await eventually(async () => (await unsentCount()) === 0);
    await sql`update outbox set sent_at = now() - interval '7500 seconds' where seq = 1`;
    await sql`update outbox set sent_at = now() - interval '7300 seconds' where seq = 2`;
    await sql`insert into outbox (subject, body, created_at, wake_at) values ('s9', '{}', now() - interval '9 days', now() + interval '1 hour')`;
    queue.oldest = new Map([["a", Date.now() - 7_200_000 - 190_000]]);
    await eventually(async () => (await rowCounts()).outbox === 3);
    await Bun.sleep(1_500);
    const left = await sql`select seq from outbox order by seq`;
    expect(left.map((row) => Number(row.seq))).toEqual([2, 3, 4]);
  });
  test("deletes inbox entries after seven days", async () => {
    const outbox = anOutbox();
    await commit(outbox, 1, { message: aMessage("to.b") });
    await commit(outbox, 2, { message: aMessage("to.b") });
    await sql`update inbox set received_at = now() - interval '8 days' where reply->0->>'sequence' = '1'`;
    await deleteOldInboxRows(sql);
    expect(await rowCounts()).toMatchObject({ inbox: 1 });
  });
});
