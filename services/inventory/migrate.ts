import { join } from "node:path";
import { migratePostgres } from "@shop/kit/postgres";
import { seed } from "./store/seed";

const folder = join(import.meta.dir, "store/migrations");

/**
 * Brings the database up to date; `--seed` adds the catalogue that dev starts with.
 * Runs as the role that owns the tables, which the service itself never has.
 */
export async function migrate(env: Record<string, string | undefined>, args: string[]): Promise<void> {
  const url = env.INVENTORY_MIGRATION_URL;
  if (!url) throw new Error("INVENTORY_MIGRATION_URL is not set");
  const withSeed = args.includes("--seed");
  if (withSeed && (env.APP_ENV ?? "production") === "production")
    throw new Error("--seed is refused: APP_ENV is production, or not set");
  await migratePostgres(url, folder, withSeed ? seed : undefined);
}

if (import.meta.main) await migrate(process.env, process.argv.slice(2));
