import { refuseSeedInProduction } from "@shop/kit/config";
import { migratePostgres } from "@shop/kit/stores/postgres";
import { seedMissingProducts } from "./store/seed";

export const migrations = `${import.meta.dir}/store/migrations`;

/**
 * Applies all migrations; `--seed` adds the products that a development stack starts with.
 * Connects as the role that owns the tables, which the service itself never uses.
 * @throws Error if `--seed` is given in production
 */
export async function migrate(env: Record<string, string | undefined>, withSeed: boolean): Promise<void> {
  const url = env.INVENTORY_MIGRATION_URL;
  if (!url) throw new Error("INVENTORY_MIGRATION_URL is not set");
  if (withSeed) refuseSeedInProduction(env);
  await migratePostgres(url, migrations, withSeed ? seedMissingProducts : undefined);
}

if (import.meta.main) await migrate(process.env, process.argv.includes("--seed"));
