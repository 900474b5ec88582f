import { drizzle } from "drizzle-orm/postgres-js";
import { migrate } from "drizzle-orm/postgres-js/migrator";
import postgres, { type Sql } from "postgres";

export type { Sql, TransactionSql } from "postgres";

/** "Exists already, skipping" is no news. */
const quiet = () => {};

/** A pool of connections with the service's own role. */
export const connectPostgres = (url: string, options: { max: number; service: string }): Sql =>
  postgres(url, {
    max: options.max,
    idle_timeout: 60,
    connect_timeout: 5,
    // The library's own pauses grow to 20 s: the pool would stay away long after PostgreSQL is back.
    backoff: (attempt) => Math.min(0.01 * 2 ** attempt, 0.5) * (0.5 + Math.random() / 2),
    connection: {
      application_name: options.service,
      statement_timeout: 10_000,
      idle_in_transaction_session_timeout: 10_000,
    },
    onnotice: quiet,
  });

/** Any number that no other use of advisory locks in the database takes. */
const migrationLock = 7_203_411;

/** Applies migrations that are not applied yet. Safe to start twice at once: the second waits and finds nothing to do. */
export async function migratePostgres(url: string, folder: string, seed?: (sql: Sql) => Promise<void>): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: quiet });
  try {
    await sql`select pg_advisory_lock(${migrationLock})`;
    // drizzle changes how its client reads types, so raw statements (the seed) get one of their own.
    const forDrizzle = postgres(url, { max: 1, onnotice: quiet });
    await migrate(drizzle(forDrizzle), { migrationsFolder: folder }).finally(() => forDrizzle.end());
    await seed?.(sql);
  } finally {
    await sql.end();
  }
}

/** Whether an error is PostgreSQL's for a violated unique constraint, of that name if one is given. */
export const isUniqueViolation = (error: unknown, constraint?: string): boolean =>
  error instanceof postgres.PostgresError &&
  error.code === "23505" &&
  (constraint === undefined || error.constraint_name === constraint);
