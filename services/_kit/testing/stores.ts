import postgres from "postgres";
import { migratePostgres, type Sql } from "../stores/postgres";

/**
 * Real servers for tests. `bun run test` starts them and sets these; `bun run test services/inventory` runs one part.
 */
function testUrl(name: "TEST_POSTGRES_URL" | "TEST_MONGO_URL" | "TEST_REDIS_URL"): string {
  const url = process.env[name];
  if (!url) throw new Error(`${name} is not set: run tests with "bun run test [path]"`);
  return url;
}

const withDatabase = (url: string, database: string) => Object.assign(new URL(url), { pathname: `/${database}` }).href;
const uniqueName = (prefix: string) => `${prefix}_${crypto.randomUUID().slice(0, 8)}`;

export type TestPostgres = { url: string; sql: Sql; drop(): Promise<void> };

/** A database of its own with the service's migrations applied. */
export async function testPostgres(service: string, migrations: string): Promise<TestPostgres> {
  const name = uniqueName(`test_${service}`);
  const admin = postgres(testUrl("TEST_POSTGRES_URL"), { max: 1, onnotice: () => {} });
  await admin.unsafe(`create database ${name}`);
  const url = withDatabase(testUrl("TEST_POSTGRES_URL"), name);
  await migratePostgres(url, migrations);
  const sql = postgres(url, { max: 10, onnotice: () => {} });
  return {
    url,
    sql,
    async drop() {
      await sql.end({ timeout: 5 });
      await admin.unsafe(`drop database ${name} with (force)`);
      await admin.end();
    },
  };
}

/** A MongoDB database name nobody else uses. */
export function testMongoUrl(service: string): string {
  const url = new URL(testUrl("TEST_MONGO_URL"));
  url.pathname = `/${uniqueName(service)}`;
  if (!url.searchParams.has("authSource")) url.searchParams.set("authSource", "admin");
  return url.href;
}

/** A Redis database by number (1–15), so that test files running one after the other do not meet the stack's queues. */
export const testRedisUrl = (database: number): string => withDatabase(testUrl("TEST_REDIS_URL"), String(database));
