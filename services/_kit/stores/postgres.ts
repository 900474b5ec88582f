import { drizzle } from "drizzle-orm/postgres-js";
import { migrate } from "drizzle-orm/postgres-js/migrator";
import postgres, { type Sql } from "postgres";

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
    await seed?.(sql);
  } finally {
    await sql.end();
  }
}

/** Whether an error reports a violated unique constraint: any, or the one with this name. */
export const isUniqueViolation = (error: unknown, constraint?: string): boolean =>
  error instanceof postgres.PostgresError &&
  error.code === "23505" &&
  (constraint === undefined || error.constraint_name === constraint);
