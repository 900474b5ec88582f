import { drizzle } from "drizzle-orm/postgres-js";
import { migrate } from "drizzle-orm/postgres-js/migrator";
import postgres, { type Sql } from "postgres";
import type { Schema } from "./schema";

export type { Sql, TransactionSql } from "postgres";

/** Notices such as "already exists, skipping" are not logged. */
const ignoreNotice = () => {};

/** A pool of at most `max` connections. */
export const connectPostgres = (url: string, options: { max: number; service: string }): Sql =>
  postgres(url, {
    max: options.max,
    idle_timeout: 60,
    connect_timeout: 5,
    // Seconds. postgres.js would wait up to 20 s, so the pool would stay unavailable long after PostgreSQL is back.
    backoff: (attempt) => Math.min(0.01 * 2 ** attempt, 0.5) * (0.5 + Math.random() / 2),
    connection: {
      application_name: options.service,
      statement_timeout: 10_000,
      idle_in_transaction_session_timeout: 10_000,
    },
    onnotice: ignoreNotice,
  });

/** No other advisory lock in the database may use this number. */
const migrationLock = 7_203_411;

/** Applies pending migrations, then runs `seed`. Several processes may run it at the same time: they wait for each other. */
export async function migratePostgres(url: string, folder: string, seed?: (sql: Sql) => Promise<void>): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: ignoreNotice });
  try {
    await sql`select pg_advisory_lock(${migrationLock})`;
    // drizzle changes the type parsers of its client, so the seed does not share it.
    const forDrizzle = postgres(url, { max: 1, onnotice: ignoreNotice });
    await migrate(drizzle(forDrizzle), { migrationsFolder: folder }).finally(() => forDrizzle.end());
    // The service reads the version as another role, which may have no default privileges in this schema.
    await sql`grant usage on schema drizzle to public`;
    await sql`grant select on drizzle.__drizzle_migrations to public`;
    await seed?.(sql);
  } finally {
    await sql.end();
  }
}

const undefinedTable = "42P01";

/**
 * The schema whose version is the number of applied migrations.
 * @param journal the content of `migrations/meta/_journal.json`
 */
export const postgresSchema = (sql: Sql, journal: { entries: unknown[] }): Schema => ({
  wanted: journal.entries.length,
  async readVersion() {
    const rows = await sql<{ count: number }[]>`select count(*)::int as count from drizzle.__drizzle_migrations`.catch(
      (error) => {
        if (error.code === undefinedTable) return [];
        throw error;
      },
    );
    return rows[0]?.count ?? 0;
  },
});

/** Whether an error reports a violated unique constraint: any, or the one with this name. */
export const isUniqueViolation = (error: unknown, constraint?: string): boolean =>
  error instanceof postgres.PostgresError &&
  error.code === "23505" &&
  (constraint === undefined || error.constraint_name === constraint);
