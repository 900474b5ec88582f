import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connectPostgres, isUniqueViolation, migratePostgres } from "./postgres";
import { type TestPostgres, testPostgres } from "./testing/stores";

const migrations = `${import.meta.dir}/testing/migrations`;
let database: TestPostgres;
beforeAll(async () => {
  database = await testPostgres("kit_postgres", migrations);
});
afterAll(() => database.drop());

const applied = async () => Number((await database.sql`select count(*) from drizzle.__drizzle_migrations`)[0]?.count);

describe("migrating", () => {
  test("by several at once applies each migration once, and every one of them seeds", async () => {
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
  test("again changes nothing", async () => {
    await migratePostgres(database.url, migrations);
    expect(await applied()).toBe(2);
  });
  test("that fails lets the next one have its turn", async () => {
    await expect(migratePostgres(database.url, `${migrations}/nowhere`)).rejects.toThrow();
    const badSeed = () => Promise.reject(new Error("bad seed"));
    await expect(migratePostgres(database.url, migrations, badSeed)).rejects.toThrow("bad seed");
    await migratePostgres(database.url, migrations);
  });
});

test("a pool says whose it is, and lets no statement run for ever", async () => {
  const sql = connectPostgres(database.url, { max: 1, service: "kit" });
  const [setting] =
    await sql`select current_setting('application_name') as name, current_setting('statement_timeout') as statement,
    current_setting('idle_in_transaction_session_timeout') as idle`;
  expect(setting).toEqual({ name: "kit", statement: "10s", idle: "10s" });
  await sql.end();
});

test("a violated unique constraint is known as such, by its name", async () => {
  const insert = () =>
    database.sql`insert into inbox (message_id, reply) values ('01920000-0000-7000-8000-000000000001', '[]')`;
  await insert();
  const error = await insert().catch((it) => it);
  expect(isUniqueViolation(error)).toBe(true);
  expect(isUniqueViolation(error, "inbox_pkey")).toBe(true);
  expect(isUniqueViolation(error, "outbox_pkey")).toBe(false);
  expect(isUniqueViolation(await database.sql`select 1 / 0`.catch((it) => it))).toBe(false);
  expect(isUniqueViolation(new Error("x"))).toBe(false);
});
