import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { isStoreOutage } from "../errors/store-outage";
import { breakableProxy } from "../testing/breakable-proxy";
import { eventually } from "../testing/eventually";
import { type TestPostgres, testPostgres } from "../testing/stores";
import { connectPostgres, isUniqueViolation, migratePostgres } from "./postgres";

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
    expect(await applied()).toBe(2);
    expect(await database.sql`select from outbox`).toHaveLength(0);
    expect(await database.sql`select from seeded`).toHaveLength(3);
  });
  test("run a second time changes nothing", async () => {
    await migratePostgres(database.url, migrations);
    expect(await applied()).toBe(2);
  });
  test("that fails releases its lock", async () => {
    await expect(migratePostgres(database.url, `${migrations}/nowhere`)).rejects.toThrow();
    const badSeed = () => Promise.reject(new Error("bad seed"));
    await expect(migratePostgres(database.url, migrations, badSeed)).rejects.toThrow("bad seed");
    await migratePostgres(database.url, migrations);
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
