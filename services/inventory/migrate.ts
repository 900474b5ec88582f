import { refuseSeedInProduction } from "@shop/kit/config";
import { migratePostgres } from "@shop/kit/stores/postgres";
import { seed } from "./store/seed";

export const migrations = `${import.meta.dir}/store/migrations`;

/**
 * Brings the database up to date; `--seed` adds the catalogue that dev starts with.
 * Runs as the role that owns the tables, which the service itself never has.
 */
export async function migrate(env: Record<string, string | undefined>, args: string[]): Promise<void> {
  const url = env.INVENTORY_MIGRATION_URL;
  if (!url) throw new Error("INVENTORY_MIGRATION_URL is not set");
  const withSeed = args.includes("--seed");
  if (withSeed) refuseSeedInProduction(env);
  await migratePostgres(url, migrations, withSeed ? seed : undefined);
}

if (import.meta.main) await migrate(process.env, process.argv.slice(2));
