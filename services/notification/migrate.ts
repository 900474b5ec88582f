import { join } from "node:path";
import { migratePostgres } from "@shop/kit/postgres";

const folder = join(import.meta.dir, "store/migrations");

/** Brings the database up to date, as the role that owns the tables. `--seed` has nothing to add here. */
export async function migrate(env: Record<string, string | undefined>): Promise<void> {
  const url = env.NOTIFICATION_MIGRATION_URL;
  if (!url) throw new Error("NOTIFICATION_MIGRATION_URL is not set");
  await migratePostgres(url, folder);
}

if (import.meta.main) await migrate(process.env);
