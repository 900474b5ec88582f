import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isStoreOutage } from "../errors/store-outage";
import { breakableProxy } from "../testing/breakable-proxy";
import { eventually } from "../testing/eventually";
import journal from "../testing/migrations/meta/_journal.json";
import { type TestPostgres, testPostgres } from "../testing/stores";
import { connectPostgres, isUniqueViolation, migratePostgres, postgresSchema } from "./postgres";

const migrations = `${import.meta.dir}/../testing/migrations`;
let database: TestPostgres;
beforeAll(async () => {
  database = await testPostgres("kit_postgres", migrations);
});
afterAll(() => database.drop());

const applied = async () => Number((await database.sql`select count(*) from drizzle.__drizzle_migrations`)[0]?.count);

describe("a migration", () => {
  test("run by several processes at once is applied once; each process seeds", async () => {
    await database.sql`drop table outbox, inbox, queue_state, idempotency_key`;
    await database.sql`drop schema drizzle cascade`;
    await database.sql`create table seeded (n int)`;
    await Promise.all(
      [1, 2, 3].map((n) =>
        migratePostgres(database.url, migrations, async (sql) => void (await sql`insert into seeded values (${n})`)),
      ),
    );
    expect(await applied()).toBe(journal.entries.length);
    expect(await database.sql`select from outbox`).toHaveLength(0);
    expect(await database.sql`select from seeded`).toHaveLength(3);
  });
  test("run a second time changes nothing", async () => {
    await migratePostgres(database.url, migrations);
    expect(await applied()).toBe(journal.entries.length);
  });
  test("that fails releases its lock", async () => {
    await expect(migratePostgres(database.url, `${migrations}/nowhere`)).rejects.toThrow();
    const badSeed = () => Promise.reject(new Error("bad seed"));
    await expect(migratePostgres(database.url, migrations, badSeed)).rejects.toThrow("bad seed");
    await migratePostgres(database.url, migrations);
  });
});

/** A folder with one migration for each of these statements. */
async function migrationFolder(...statements: string[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "migrations-"));
  const entries = statements.map((_, idx) => ({
    idx,
    version: "7",
    when: 1_000 + idx,
    tag: `m${idx}`,
    breakpoints: true,
  }));
  await Bun.write(join(folder, "meta/_journal.json"), JSON.stringify({ version: "7", dialect: "postgresql", entries }));
  await Promise.all(statements.map((text, idx) => Bun.write(join(folder, `m${idx}.sql`), text)));
  return folder;
}

describe("the schema of a database", () => {
  let empty: TestPostgres;
  beforeAll(async () => {
    empty = await testPostgres("kit_schema", migrations);
    await empty.sql`drop schema drizzle cascade`;
  });
  afterAll(() => empty.drop());
  const schema = () => postgresSchema(empty.sql, journal);

  test("has version 0 before the first migration, and then the number of migrations", async () => {
    expect(schema().wanted).toBe(journal.entries.length);
    expect(await schema().readVersion()).toBe(0);
    await empty.sql`drop table outbox, inbox, queue_state, idempotency_key`;
    await migratePostgres(empty.url, migrations);
    expect(await schema().readVersion()).toBe(journal.entries.length);
  });

  test("can be read by a role that was granted nothing but the connection", async () => {
    const name = `reader_${crypto.randomUUID().slice(0, 8)}`;
    await empty.sql.unsafe(`create role ${name} login password 'reader'`);
    const url = Object.assign(new URL(empty.url), { username: name, password: "reader" }).href;
    const reader = connectPostgres(url, { max: 1, service: "kit" });
    expect(await postgresSchema(reader, journal).readVersion()).toBe(journal.entries.length);
    await reader.end();
    await empty.sql.unsafe(`drop role ${name}`);
  });

  test("is unchanged when the process that migrates is killed; the next run completes it", async () => {
    const next = ["create table first_step (n int)", "lock table blocker", "create table last_step (n int)"];
    const folder = await migrationFolder("select 1", "select 1", ...next);
    await empty.sql`update drizzle.__drizzle_migrations set created_at = 1001`;
    await empty.sql`create table blocker (n int)`;
    const steps = async () => (await empty.sql`select from pg_tables where tablename like '%_step'`).length;
    await empty.sql.begin(async (tx) => {
      await tx`lock table blocker`;
      const child = Bun.spawn([process.execPath, `${import.meta.dir}/../testing/children/migrate.ts`], {
        env: { ...process.env, DATABASE: empty.url, MIGRATIONS: folder },
        stdio: ["ignore", "inherit", "inherit"],
      });
      await eventually(async () => {
        const blocked = await empty.sql`
          select from pg_stat_activity where datname = current_database() and query = 'lock table blocker'
            and wait_event_type = 'Lock'`;
        return blocked.length > 0;
      });
      child.kill("SIGKILL");
      await child.exited;
    });
    expect([await schema().readVersion(), await steps()]).toEqual([journal.entries.length, 0]);
    await migratePostgres(empty.url, folder);
    expect([await schema().readVersion(), await steps()]).toEqual([journal.entries.length + next.length, 2]);
    await rm(folder, { recursive: true });
  });

  test("that cannot be read is reported as an error, not as version 0", async () => {
    const unreachable = connectPostgres("postgres://a:b@127.0.0.1:1/x", { max: 1, service: "kit" });
    const error = await postgresSchema(unreachable, journal)
      .readVersion()
      .catch((thrown) => thrown);
    expect(isStoreOutage(error)).toBe(true);
    await unreachable.end();
  });
});

test("a pool sets its application name and statement timeouts", async () => {
  const sql = connectPostgres(database.url, { max: 1, service: "kit" });
  const [setting] =
    await sql`select current_setting('application_name') as name, current_setting('statement_timeout') as statement,
    current_setting('idle_in_transaction_session_timeout') as idle`;
  expect(setting).toEqual({ name: "kit", statement: "10s", idle: "10s" });
  await sql.end();
});

test("isUniqueViolation recognizes a unique violation, also by constraint name", async () => {
  const insert = () =>
    database.sql`insert into inbox (message_id, reply) values ('01920000-0000-7000-8000-000000000001', '[]')`;
  await insert();
  const error = await insert().catch((thrown) => thrown);
  expect(isUniqueViolation(error)).toBe(true);
  expect(isUniqueViolation(error, "inbox_pkey")).toBe(true);
  expect(isUniqueViolation(error, "outbox_pkey")).toBe(false);
  expect(isUniqueViolation(await database.sql`select 1 / 0`.catch((thrown) => thrown))).toBe(false);
  expect(isUniqueViolation(new Error("x"))).toBe(false);
});

describe("a broken connection", () => {
  async function aPool(max: number) {
    const url = new URL(database.url);
    const proxy = await breakableProxy(Number(url.port));
    url.port = String(proxy.port);
    return { proxy, sql: connectPostgres(url.href, { max, service: "kit" }) };
  }

  test("ends its transaction: later statements are not written by the next connection", async () => {
    const { proxy, sql } = await aPool(1);
    await database.sql`create table steps (step int)`;
    const lateInsert = Promise.withResolvers<void>();
    const outcome = sql
      .begin(async (tx) => {
        await tx`insert into steps values (1)`;
        proxy.breakConnections();
        await eventually(() => sql`select 1`);
        await tx`insert into steps values (2)`.finally(lateInsert.resolve);
      })
      .catch((error) => isStoreOutage(error));
    expect(await outcome).toBe(true);
    await lateInsert.promise;
    expect(await database.sql`select step from steps`).toHaveLength(0);
    await sql.end();
    await proxy.close();
  });

  test("fails only its own queries: every query ends, and all connections work again afterwards", async () => {
    const { proxy, sql } = await aPool(4);
    const work = (n: number) =>
      n % 2 === 0
        ? sql`select pg_sleep(0.002), ${n}::int as n`
        : sql.begin(async (tx) => {
            await tx`select ${["a"]}::text[]`;
            await Promise.all([tx`select pg_sleep(0.002)`, tx`select ${n}::int`]);
          });
    let failed = 0;
    for (let round = 0; round < 20; round++) {
      const queries = Array.from({ length: 16 }, (_, n) =>
        work(n).catch((error) => {
          if (!isStoreOutage(error)) throw error;
          failed++;
        }),
      );
      await Bun.sleep(round % 7);
      proxy.breakConnections();
      await Promise.all(queries);
    }
    expect(failed).toBeGreaterThan(0);
    await eventually(() => Promise.all(Array.from({ length: 16 }, (_, n) => work(n))));
    await sql.end();
    await proxy.close();
  });
});
