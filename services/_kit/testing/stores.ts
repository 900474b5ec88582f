import postgres from "postgres";
import { migratePostgres, type Sql } from "../stores/postgres";

/** The URL of a store. `bun run test [path]` starts the stores and sets these variables. */
function testUrl(name: "TEST_POSTGRES_URL" | "TEST_MONGO_URL" | "TEST_REDIS_URL"): string {
  const url = process.env[name];
  if (!url) throw new Error(`${name} is not set: run tests with "bun run test [path]"`);
  return url;
}

const withDatabase = (url: string, database: string) => Object.assign(new URL(url), { pathname: `/${database}` }).href;
const uniqueName = (prefix: string) => `${prefix}_${crypto.randomUUID().slice(0, 8)}`;

export type TestPostgres = { url: string; sql: Sql; drop(): Promise<void> };

/** A new database with the service's migrations applied. */
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

/** The URL of a MongoDB database that no other test uses. */
export function testMongoUrl(service: string): string {
  const url = new URL(testUrl("TEST_MONGO_URL"));
  url.pathname = `/${uniqueName(service)}`;
  if (!url.searchParams.has("authSource")) url.searchParams.set("authSource", "admin");
  return url.href;
}

/** The URL of a Redis database by number, 1 to 15. The stack's own queues are in database 0. */
export const testRedisUrl = (database: number): string => withDatabase(testUrl("TEST_REDIS_URL"), String(database));
