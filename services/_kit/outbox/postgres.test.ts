import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { systemClock } from "../clock";
import type { Message } from "../messaging/envelope";
import { createPublisher, type Outgoing, type Publisher } from "../messaging/publisher";
import type { QueueSnapshot } from "../messaging/queue-snapshot";
import { outboxOldestUnsent, outboxUnsent } from "../telemetry/metrics";
import { eventually } from "../testing/eventually";
import { silentLog } from "../testing/log";
import { aMessage, type TestType, testCatalogue, testQueue } from "../testing/queue";
import { type TestPostgres, testPostgres, testRedisUrl } from "../testing/stores";
import { type PostgresOutbox, postgresOutbox } from "./postgres";
import { deleteOldInboxRows } from "./postgres-commit";

const { catalogue, a: queueA } = testCatalogue();
type Outbox = PostgresOutbox<typeof catalogue>;

let database: TestPostgres;
let queue: ReturnType<typeof aQueue>;
let outboxes: Outbox[];

beforeAll(async () => {
  database = await testPostgres("kit_outbox", `${import.meta.dir}/../testing/migrations`);
  await database.sql`create table thing (n int primary key)`;
});
afterAll(() => database.drop());
beforeEach(async () => {
  await database.sql`truncate outbox, inbox, queue_state, thing restart identity`;
  queue = aQueue();
  outboxes = [];
});
afterEach(() => Promise.all(outboxes.map((outbox) => outbox.close())));

/** The queue as the outbox sees it, and what ever got into it, in order. */
function aQueue() {
  const state = {
    /** `failing`: it looks well, but what is sent does not arrive. */
    mode: "up" as "up" | "down" | "failing",
    got: [] as Outgoing[],
    identity: "redis-1",
    oldest: new Map() as QueueSnapshot["oldest"],
  };
  const publisher: Publisher = {
    async publish(outgoing) {
      if (state.mode !== "up") throw new Error("Redis is away");
      state.got.push(...outgoing);
    },
    connected: () => state.mode !== "down",
    snapshot: async () => ({ identity: state.identity, oldest: state.oldest }),
    close: async () => {},
  };
  return Object.assign(state, { publisher });
}

function anOutbox(publisher: Publisher = queue.publisher): Outbox {
  const outbox = postgresOutbox({
    sql: database.sql,
    source: "test",
    catalogue,
    publisher,
    clock: systemClock,
    log: silentLog,
  });
  outboxes.push(outbox);
  return outbox;
}

/** Stores `n` and tells it. */
const tell = (outbox: Outbox, n: number, o: { message?: Message; subject?: string; type?: TestType } = {}) =>
  outbox.commit(o.message, async (tx) => {
    await tx`insert into thing (n) values (${n})`;
    const type = o.type ?? "to.a";
    return { subject: o.subject ?? "s1", drafts: [{ type, data: { n } }], result: n };
  });
const numbers = (outgoing = queue.got) => outgoing.map((item) => (item.message.data as { n: number }).n);
/** Each number when it first arrived: a message may arrive twice, which its job id takes care of. */
const firsts = () => [...new Set(numbers())];
const countOf = async (table: "outbox" | "inbox" | "thing") =>
  Number((await database.sql`select count(*) from ${database.sql(table)}`)[0]?.count);
const unsent = async () => Number((await database.sql`select count(*) from outbox where sent_at is null`)[0]?.count);
/** As when the process that committed them died, some time ago. What somebody has in his hands is left to him. */
const wakeAll = () => database.sql`
  update outbox set wake_at = now() - interval '1 second'
  where seq in (select seq from outbox where sent_at is null for update skip locked)`;

test("how much is not sent, and for how long, is told", async () => {
  queue.mode = "down";
  const outbox = anOutbox();
  for (const n of [1, 2, 3]) await tell(outbox, n);
  await database.sql`update outbox set created_at = now() - interval '90 seconds' where seq = 2`;
  anOutbox(); // looks at once, as the first did, which may have seen less
  await eventually(async () => {
    const [count, age = 0] = [await outboxUnsent.get(), await outboxOldestUnsent.get()].map(
      (it) => it.values[0]?.value,
    );
    return count === 3 && age >= 90 && age < 150;
  });
});

describe("a commit", () => {
  test("keeps state, message and the note of what was handled, sends, and notes it as sent", async () => {
    const message = aMessage("to.b");
    expect(await tell(anOutbox(), 1, { message })).toBe(1);
    await eventually(() => queue.got.length === 1);
    const [sent] = queue.got;
    expect(sent?.jobId).toBe(sent?.message.id as string);
    expect(sent?.message).toMatchObject({
      type: "to.a",
      subject: "s1",
      source: "/services/test",
      sequence: 1,
      data: { n: 1 },
    });
    expect([await countOf("thing"), await countOf("outbox"), await countOf("inbox")]).toEqual([1, 1, 1]);
    await eventually(async () => (await unsent()) === 0);
  });
  test("that fails keeps nothing and tells nothing", async () => {
    const outbox = anOutbox();
    await tell(outbox, 1);
    await eventually(() => queue.got.length === 1);
    // Stored already: the insert fails.
    await expect(tell(outbox, 1, { message: aMessage("to.b") })).rejects.toThrow("thing_pkey");
    const work = async () => {
      throw new Error("refused");
    };
    await expect(outbox.commit(aMessage("to.b"), work)).rejects.toThrow("refused");
    expect([await countOf("thing"), await countOf("outbox"), await countOf("inbox")]).toEqual([1, 1, 0]);
    expect(queue.got).toHaveLength(1);
  });
  test("that fails when its messages are stored keeps nothing either", async () => {
    const data = { n: 1, text: "\0" };
    const failing = anOutbox().commit(aMessage("to.b"), async (tx) => {
      await tx`insert into thing (n) values (7)`;
      return { subject: "s1", drafts: [{ type: "to.a", data }], result: undefined };
    });
    await expect(failing).rejects.toThrow();
    expect([await countOf("thing"), await countOf("outbox"), await countOf("inbox")]).toEqual([0, 0, 0]);
  });
  test("without anything to tell notes what it handled; without a message not even that", async () => {
    const outbox = anOutbox();
    const silent = async () => ({ subject: "s1", drafts: [], result: "done" });
    expect(await outbox.commit(aMessage("to.b"), silent)).toBe("done");
    expect(await outbox.commit(undefined, silent)).toBe("done");
    expect([await countOf("outbox"), await countOf("inbox")]).toEqual([0, 1]);
    expect(queue.got).toHaveLength(0);
  });
  test("through a real queue ends up there", async () => {
    const redisUrl = testRedisUrl(7);
    const publisher = createPublisher({ redisUrl, catalogue, log: silentLog });
    await eventually(publisher.connected);
    const seen = testQueue(queueA, redisUrl);
    await tell(anOutbox(publisher), 1);
    await eventually(async () => (await seen.waiting()).length === 1);
    await Promise.all(outboxes.map((outbox) => outbox.close()));
    await publisher.close();
    await seen.close();
  });
});

describe("a message that comes again", () => {
  test("is not handled again: its stored reply is sent again, as another job", async () => {
    const outbox = anOutbox();
    const message = aMessage("to.b");
    await tell(outbox, 1, { message });
    await eventually(() => queue.got.length === 1);
    expect(await tell(outbox, 2, { message })).toBeUndefined();
    expect(await countOf("thing")).toBe(1);
    const [first, again] = queue.got;
    expect(again?.message).toEqual(first?.message as Message);
    expect(again?.jobId).toStartWith(`${first?.jobId}-`);
    expect(again?.jobId).not.toContain(":");
  });
  test("at the same time is handled once", async () => {
    const message = aMessage("to.b");
    const two = [anOutbox(), anOutbox()];
    const results = await Promise.all(Array.from({ length: 10 }, (_, n) => tell(two[n % 2] as Outbox, n, { message })));
    expect(results.filter((result) => result !== undefined)).toHaveLength(1);
    expect([await countOf("thing"), await countOf("outbox"), await countOf("inbox")]).toEqual([1, 1, 1]);
    await eventually(() => queue.got.length >= 10);
    expect(new Set(queue.got.map((item) => item.message.id)).size).toBe(1);
  });
  test("while it is being handled waits for that, and sends its reply", async () => {
    const message = aMessage("to.b");
    const both = Promise.withResolvers<void>();
    let begun = 0;
    const handle = (outbox: Outbox, n: number) =>
      outbox.commit(message, async () => {
        if (++begun === 2) both.resolve();
        await both.promise;
        return { subject: "s1", drafts: [{ type: "to.a", data: { n } }], result: n };
      });
    const results = await Promise.all([handle(anOutbox(), 1), handle(anOutbox(), 2)]);
    const kept = results.filter((result) => result !== undefined) as number[];
    expect(kept).toHaveLength(1);
    await eventually(() => queue.got.length >= 2);
    expect(new Set(numbers())).toEqual(new Set(kept));
  });
  test("while the queue is away fails, so that it comes once more: nobody else has its reply", async () => {
    const outbox = anOutbox();
    const message = aMessage("to.b");
    await tell(outbox, 1, { message });
    await eventually(async () => (await unsent()) === 0);
    queue.mode = "failing";
    await expect(tell(outbox, 2, { message })).rejects.toThrow("Redis is away");
    queue.mode = "up";
    expect(await tell(outbox, 2, { message })).toBeUndefined();
    expect(numbers()).toEqual([1, 1]);
  });
  test("and had no reply is done", async () => {
    const outbox = anOutbox();
    const message = aMessage("to.b");
    const silent = async () => ({ subject: "s1", drafts: [], result: "done" });
    await outbox.commit(message, silent);
    expect(await outbox.commit(message, silent)).toBeUndefined();
  });
});

describe("many messages in one transaction", () => {
  /** Each message stores and tells its own number, about a subject of its own. */
  const tellAll = (outbox: Outbox, messages: Message[]) =>
    outbox.commitAll(messages, async (tx, fresh) => {
      const inOrder = fresh.map((message) => message.sequence).toSorted((x, y) => x - y);
      for (const n of inOrder) await tx`insert into thing (n) values (${n})`;
      return fresh.map((message) => ({
        message,
        subject: message.subject,
        drafts: [
          { type: "to.a", data: { n: message.sequence } },
          { type: "to.b", data: { n: message.sequence } },
        ],
      }));
    });
  const several = (count: number, from = 0) =>
    Array.from({ length: count }, (_, n) => aMessage("to.b", `subject-${from + n}`, from + n));

  test("are each kept with their own reply", async () => {
    const outbox = anOutbox();
    const messages = several(5);
    expect(await tellAll(outbox, messages)).toEqual(new Set());
    await eventually(() => queue.got.length === 10);
    expect([await countOf("thing"), await countOf("outbox"), await countOf("inbox")]).toEqual([5, 10, 5]);
    queue.got.length = 0;
    const [third] = messages.slice(2, 3) as [Message];
    expect(await tellAll(outbox, [third])).toEqual(new Set([third.id]));
    expect(queue.got.map(({ message }) => [message.subject, message.type])).toEqual([
      ["subject-2", "to.a"],
      ["subject-2", "to.b"],
    ]);
  });
  test("of which some were handled before are handled without those", async () => {
    const outbox = anOutbox();
    const messages = several(3);
    await tellAll(outbox, messages);
    expect(await tellAll(outbox, [...messages, ...several(2, 3)])).toEqual(new Set(messages.map((it) => it.id)));
    expect([await countOf("thing"), await countOf("inbox")]).toEqual([5, 5]);
  });
  test("of which one fails are not kept at all", async () => {
    const outbox = anOutbox();
    const [first] = several(1) as [Message];
    await tellAll(outbox, [first]);
    // Another message that stores the same number.
    await expect(tellAll(outbox, [...several(2, 1), aMessage("to.b", "s", 0)])).rejects.toThrow("thing_pkey");
    expect([await countOf("thing"), await countOf("outbox"), await countOf("inbox")]).toEqual([1, 2, 1]);
  });
  test("by two at once, in whatever order, are handled once each and never wait for each other for ever", async () => {
    const two = [anOutbox(), anOutbox()];
    for (let round = 0; round < 10; round++) {
      const messages = several(8, round * 8);
      const all = [messages, messages.toReversed(), messages.toReversed(), messages];
      await Promise.all(
        all.map(async (batch, n) => {
          const outbox = two[n % 2] as Outbox;
          // As a consumer does: what failed as a whole comes again.
          await tellAll(outbox, batch).catch(() => tellAll(outbox, batch));
        }),
      );
    }
    expect([await countOf("thing"), await countOf("outbox"), await countOf("inbox")]).toEqual([80, 160, 80]);
  });
});

describe("what could not be sent", () => {
  test("is sent by the sweep, in order, and noted", async () => {
    queue.mode = "down";
    const outbox = anOutbox();
    for (let n = 1; n <= 5; n++) await tell(outbox, n, { type: n % 2 ? "to.a" : "to.b" });
    await wakeAll();
    queue.mode = "up";
    await eventually(async () => (await unsent()) === 0);
    expect(firsts()).toEqual([1, 2, 3, 4, 5]);
  });
  test("goes before the subject's next message, which does not wait for the sweep", async () => {
    queue.mode = "failing";
    const outbox = anOutbox();
    await tell(outbox, 1);
    await tell(outbox, 2);
    await eventually(() => queue.got.length === 0);
    queue.mode = "up";
    await tell(outbox, 3);
    await eventually(() => queue.got.length >= 3);
    expect(firsts()).toEqual([1, 2, 3]);
  });
  test("is sent by another process when this one is gone", async () => {
    queue.mode = "down";
    const dead = anOutbox();
    await tell(dead, 1);
    await dead.close();
    await wakeAll();
    queue.mode = "up";
    anOutbox();
    await eventually(async () => (await unsent()) === 0);
    expect(numbers()).toEqual([1]);
  });
  test("and is much, is sent without a pause for each part", async () => {
    queue.mode = "down";
    const dead = anOutbox();
    await dead.close();
    await database.sql`insert into outbox (subject, body, wake_at)
      select 's' || n % 700, jsonb_build_object('id', gen_random_uuid(), 'type', 'to.a', 'subject', 's' || n % 700, 'time', now(),
        'data', jsonb_build_object('n', n)), now() from generate_series(1, 3000) as n`;
    queue.mode = "up";
    anOutbox();
    anOutbox();
    await eventually(async () => (await unsent()) === 0);
    const seen = new Map<string, number>();
    for (const { message } of queue.got) {
      const n = (message.data as { n: number }).n;
      expect(n).toBeGreaterThan(seen.get(message.subject) ?? 0);
      seen.set(message.subject, n);
    }
    expect(new Set(numbers()).size).toBe(3_000);
  });
});

describe("no message overtakes an earlier one of its subject", () => {
  test("when one sweep holds the earlier and another looks for more", async () => {
    queue.mode = "down";
    const dead = anOutbox();
    await tell(dead, 1);
    await tell(dead, 2);
    await dead.close();
    // The first is claimed by somebody who has not sent it yet; the second is due.
    await database.sql`update outbox set wake_at = now() + interval '1.5 seconds' where seq = 1`;
    await database.sql`update outbox set wake_at = now() - interval '1 second' where seq = 2`;
    queue.mode = "up";
    anOutbox();
    anOutbox();
    await eventually(async () => (await unsent()) === 0);
    expect(numbers()).toEqual([1, 2]);
  });
  test("when a sweep has the earlier in its hands, locked but not committed", async () => {
    queue.mode = "down";
    const dead = anOutbox();
    await tell(dead, 1);
    await tell(dead, 2);
    await dead.close();
    await wakeAll();
    queue.mode = "up";
    const looked = Promise.withResolvers<void>();
    const held = database.sql.begin(async (tx) => {
      await tx`select from outbox where seq = 1 for update`;
      await looked.promise;
    });
    const sweeping = anOutbox();
    // Something of another subject shows that the sweep has been there.
    await database.sql`insert into outbox (subject, body, wake_at)
      values ('other', jsonb_build_object('id', gen_random_uuid(), 'type', 'to.a', 'subject', 'other', 'time', now(), 'data', '{"n":99}'::jsonb), now())`;
    await eventually(() => numbers().includes(99));
    expect(numbers()).toEqual([99]);
    looked.resolve();
    await held;
    await eventually(async () => (await unsent()) === 0);
    expect(firsts()).toEqual([99, 1, 2]);
    await sweeping.close();
  });
  test("when two processes commit for one subject at the same time", async () => {
    const two = [anOutbox(), anOutbox()];
    await Promise.all(Array.from({ length: 100 }, (_, n) => tell(two[n % 2] as Outbox, n)));
    await eventually(() => new Set(numbers()).size === 100);
    const sequences = [...new Set(queue.got.map((item) => item.message.sequence))];
    expect(sequences).toEqual(sequences.toSorted((x, y) => x - y));
  });
  test("when its transaction took its number first and commits last", async () => {
    const [slow, fast] = [anOutbox(), anOutbox()];
    const mayEnd = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    // Between a commit's own statement and its end there is no gap; a lock on what it writes to makes one.
    const blocker = database.sql.begin(async (tx) => {
      await tx`lock table inbox in access exclusive mode`;
      begun.resolve();
      await mayEnd.promise;
    });
    await begun.promise;
    const first = tell(slow, 1, { message: aMessage("to.b") });
    const blocked = () =>
      database.sql`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
    await eventually(async () => (await blocked()).length === 1);
    const second = tell(fast, 2);
    mayEnd.resolve();
    await Promise.all([blocker, first, second]);
    await eventually(() => new Set(numbers()).size === 2);
    const sequences = [...new Set(queue.got.map((item) => item.message.sequence))];
    expect(sequences).toEqual(sequences.toSorted((x, y) => x - y));
  });
  test("when the queue comes and goes while many commit and sweep", async () => {
    const outboxen = [anOutbox(), anOutbox(), anOutbox()];
    const modes = ["up", "failing", "up", "down"] as const;
    for (let n = 1; n <= 120; n++) {
      queue.mode = modes[n % 4] as "up";
      await tell(outboxen[n % 3] as Outbox, n, { subject: `s${n % 5}` });
      if (n % 10 === 0) await wakeAll();
    }
    queue.mode = "up";
    await wakeAll();
    await eventually(async () => (await unsent()) === 0);
    const last = new Map<string, number>();
    const seen = new Set<string>();
    for (const { message } of queue.got) {
      if (seen.has(message.id)) continue;
      seen.add(message.id);
      expect(message.sequence).toBeGreaterThan(last.get(message.subject) ?? 0);
      last.set(message.subject, message.sequence);
    }
    expect(seen.size).toBe(120);
  });
});

describe("when Redis has lost what it had", () => {
  test("all that may not have been handled is sent again, as the same jobs, once whoever notices", async () => {
    const [one, other] = [anOutbox(), anOutbox()];
    for (const n of [1, 2, 3]) await tell(one, n);
    await tell(other, 4, { subject: "s2" });
    await eventually(async () => (await unsent()) === 0);
    const jobs = queue.got.map((item) => item.jobId);
    queue.got = [];
    queue.identity = "redis-2";
    await eventually(() => queue.got.length >= 4);
    await eventually(async () => (await unsent()) === 0);
    expect(new Set(queue.got.map((item) => item.jobId))).toEqual(new Set(jobs));
    expect(firsts().filter((n) => n < 4)).toEqual([1, 2, 3]);
    const again = queue.got.length;
    await Bun.sleep(1_500); // each of the two has looked once more
    expect(queue.got.length).toBe(again);
  });
  test("a late note of having sent to the old one does not count", async () => {
    const outbox = anOutbox();
    await tell(outbox, 1);
    await eventually(async () => (await unsent()) === 0);
    // Another process has found a new Redis, and this one does not know yet.
    await database.sql`update queue_state set identity = 'redis-2'`;
    await tell(outbox, 2);
    await eventually(() => firsts().includes(2));
    await Bun.sleep(300);
    expect(await unsent()).toBe(1);
    queue.identity = "redis-2";
    await eventually(async () => (await unsent()) === 0);
  });
});

describe("what was handled before Redis was lost", () => {
  test("is not sent again, though it is still there to be shown", async () => {
    const outbox = anOutbox();
    for (const n of [1, 2]) await tell(outbox, n);
    await eventually(async () => (await unsent()) === 0);
    await eventually(
      async () =>
        (await database.sql`select from queue_state where handled_before > now() - interval '1 minute'`).length === 1,
    );
    await database.sql`update outbox set sent_at = now() - interval '2 minutes' where seq = 1`;
    queue.got = [];
    queue.identity = "redis-2";
    await eventually(() => queue.got.length > 0);
    await Bun.sleep(300);
    expect(firsts()).toEqual([2]);
  });
});

describe("what nobody can ask for any more is dropped, and nothing else:", () => {
  test("messages sent before the oldest job that is not finished", async () => {
    queue.oldest = new Map([["a", 0]]);
    const outbox = anOutbox();
    for (const n of [1, 2, 3]) await tell(outbox, n);
    await eventually(async () => (await unsent()) === 0);
    await database.sql`update outbox set sent_at = now() - interval '7500 seconds' where seq = 1`;
    await database.sql`update outbox set sent_at = now() - interval '7300 seconds' where seq = 2`;
    await database.sql`insert into outbox (subject, body, created_at, wake_at) values ('s9', '{}', now() - interval '9 days', now() + interval '1 hour')`;
    queue.oldest = new Map([["a", Date.now() - 7_200_000 - 190_000]]);
    await eventually(async () => (await countOf("outbox")) === 3);
    await Bun.sleep(1_500);
    const left = await database.sql`select seq from outbox order by seq`;
    expect(left.map((row) => Number(row.seq))).toEqual([2, 3, 4]);
  });
  test("the inbox after days", async () => {
    const outbox = anOutbox();
    await tell(outbox, 1, { message: aMessage("to.b") });
    await tell(outbox, 2, { message: aMessage("to.b") });
    await database.sql`update inbox set received_at = now() - interval '8 days' where reply->0->>'sequence' = '1'`;
    await deleteOldInboxRows(database.sql);
    expect(await countOf("inbox")).toBe(1);
  });
});
