import { describe, expect, test } from "bun:test";
import { outboxOldestUnsent, outboxUnsent } from "../telemetry/metrics";
import { eventually } from "../testing/eventually";
import { aMessage } from "../testing/queue";
import { postgresFixture, type TestOutbox } from "./testing/postgres-fixture";

const { sql, queue, unsentCount, ...fixture } = await postgresFixture();
const { anOutbox, twoOutboxes, commit, firstArrivals, wakeAll } = fixture;

test("the backlog counts unsent messages and the age of the oldest", async () => {
  queue.mode = "down";
  const outbox = anOutbox();
  for (const n of [1, 2, 3]) await commit(outbox, n);
  await sql`update outbox set created_at = now() - interval '90 seconds' where seq = 2`;
  anOutbox(); // measures at once; the first outbox may have measured before the commits
  await eventually(async () => {
    const [count, age = 0] = [await outboxUnsent.get(), await outboxOldestUnsent.get()].map(
      (gauge) => gauge.values[0]?.value,
    );
    return count === 3 && age >= 90 && age < 150;
  });
});

describe("a message that could not be published", () => {
  test("is published by the sweep, in order, and acknowledged", async () => {
    queue.mode = "down";
    const outbox = anOutbox();
    for (let n = 1; n <= 5; n++) await commit(outbox, n, { type: n % 2 ? "to.a" : "to.b" });
    await wakeAll();
    queue.mode = "up";
    await eventually(async () => (await unsentCount()) === 0);
    expect(firstArrivals()).toEqual([1, 2, 3, 4, 5]);
  });
  test("is published directly before the next message of its subject, without waiting for the sweep", async () => {
    queue.mode = "failing";
    const outbox = anOutbox();
    await commit(outbox, 1);
    await commit(outbox, 2);
    await eventually(() => queue.failures >= 2);
    queue.mode = "up";
    await commit(outbox, 3);
    await eventually(() => queue.published.length >= 3);
    expect(firstArrivals()).toEqual([1, 2, 3]);
  });
  test("is published by another process when its own has died", async () => {
    queue.mode = "down";
    const dead = anOutbox();
    await commit(dead, 1);
    await dead.close();
    await wakeAll();
    queue.mode = "up";
    anOutbox();
    await eventually(async () => (await unsentCount()) === 0);
    expect(queue.numbers()).toEqual([1]);
  });
  test("is published without pauses together with thousands of others", async () => {
    queue.mode = "down";
    const dead = anOutbox();
    await dead.close();
    await sql`insert into outbox (subject, body, wake_at)
      select 's' || n % 700, jsonb_build_object('id', gen_random_uuid(), 'type', 'to.a', 'subject', 's' || n % 700, 'time', now(),
        'data', jsonb_build_object('n', n)), now() from generate_series(1, 3000) as n`;
    queue.mode = "up";
    anOutbox();
    anOutbox();
    await eventually(async () => (await unsentCount()) === 0);
    const latest = new Map<string, number>();
    for (const { message } of queue.published) {
      const n = (message.data as { n: number }).n;
      expect(n).toBeGreaterThan(latest.get(message.subject) ?? 0);
      latest.set(message.subject, n);
    }
    expect(new Set(queue.numbers()).size).toBe(3_000);
  });
});

describe("no message overtakes an earlier one of its subject", () => {
  test("when one sweep has claimed the earlier and another sweep looks for due messages", async () => {
    queue.mode = "down";
    const dead = anOutbox();
    await commit(dead, 1);
    await commit(dead, 2);
    await dead.close();
    // The first is claimed and not published yet; the second is due.
    await sql`update outbox set wake_at = now() + interval '1.5 seconds' where seq = 1`;
    await sql`update outbox set wake_at = now() - interval '1 second' where seq = 2`;
    queue.mode = "up";
    anOutbox();
    anOutbox();
    await eventually(async () => (await unsentCount()) === 0);
    expect(queue.numbers()).toEqual([1, 2]);
  });
  test("when a sweep has locked the earlier and not committed its claim", async () => {
    queue.mode = "down";
    const dead = anOutbox();
    await commit(dead, 1);
    await commit(dead, 2);
    await dead.close();
    await wakeAll();
    queue.mode = "up";
    const mayUnlock = Promise.withResolvers<void>();
    const locked = sql.begin(async (tx) => {
      await tx`select from outbox where seq = 1 for update`;
      await mayUnlock.promise;
    });
    const sweeping = anOutbox();
    // A message of another subject shows that the sweep has run.
    await sql`insert into outbox (subject, body, wake_at)
      values ('other', jsonb_build_object('id', gen_random_uuid(), 'type', 'to.a', 'subject', 'other', 'time', now(), 'data', '{"n":99}'::jsonb), now())`;
    await eventually(() => queue.numbers().includes(99));
    expect(queue.numbers()).toEqual([99]);
    mayUnlock.resolve();
    await locked;
    await eventually(async () => (await unsentCount()) === 0);
    expect(firstArrivals()).toEqual([99, 1, 2]);
    await sweeping.close();
  });
  test("when two processes commit for one subject at the same time", async () => {
    const [one, other] = twoOutboxes();
    await Promise.all(Array.from({ length: 100 }, (_, n) => commit(n % 2 ? other : one, n)));
    await eventually(() => new Set(queue.numbers()).size === 100);
    const sequences = [...new Set(queue.published.map((item) => item.message.sequence))];
    expect(sequences).toEqual(sequences.toSorted((x, y) => x - y));
  });
  test("when the transaction of the earlier took its number first and commits last", async () => {
    const [slow, fast] = twoOutboxes();
    const mayEnd = Promise.withResolvers<void>();
    const locked = Promise.withResolvers<void>();
    // A lock on the inbox stops the first commit between taking its number and committing.
    const blocker = sql.begin(async (tx) => {
      await tx`lock table inbox in access exclusive mode`;
      locked.resolve();
      await mayEnd.promise;
    });
    await locked.promise;
    const first = commit(slow, 1, { message: aMessage("to.b") });
    const blocked = () =>
      sql`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
    await eventually(async () => (await blocked()).length === 1);
    const second = commit(fast, 2);
    mayEnd.resolve();
    await Promise.all([blocker, first, second]);
    await eventually(() => new Set(queue.numbers()).size === 2);
    const sequences = [...new Set(queue.published.map((item) => item.message.sequence))];
    expect(sequences).toEqual(sequences.toSorted((x, y) => x - y));
  });
  test("when Redis fails and recovers during many commits and sweeps", async () => {
    const outboxes = [anOutbox(), anOutbox(), anOutbox()];
    const modes = ["up", "failing", "up", "down"] as const;
    for (let n = 1; n <= 120; n++) {
      queue.mode = modes[n % 4] as "up";
      await commit(outboxes[n % 3] as TestOutbox, n, { subject: `s${n % 5}` });
      if (n % 10 === 0) await wakeAll();
    }
    queue.mode = "up";
    await wakeAll();
    await eventually(async () => (await unsentCount()) === 0);
    const last = new Map<string, number>();
    const seen = new Set<string>();
    for (const { message } of queue.published) {
      if (seen.has(message.id)) continue;
      seen.add(message.id);
      expect(message.sequence).toBeGreaterThan(last.get(message.subject) ?? 0);
      last.set(message.subject, message.sequence);
    }
    expect(seen.size).toBe(120);
  });
});
