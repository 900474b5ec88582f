import { type Env, postgresEnv, readConfig, refuseSeedInProduction } from "@shop/kit/config";
import { migratePostgres } from "@shop/kit/stores/postgres";
import { t } from "elysia";
import { seedMissingProducts } from "./store/seed";

export const migrations = `${import.meta.dir}/store/migrations`;
const schema = t.Object({ INVENTORY_MIGRATION_URL: postgresEnv });

/**
 * Applies all migrations; `--seed` adds the products that a development stack starts with.
 * Connects as the role that owns the tables, which the service itself never uses.
 * @throws Error if `--seed` is given in production
 */
export async function migrate(env: Env, withSeed: boolean): Promise<void> {
  const config = readConfig(schema, env);
  if (withSeed) refuseSeedInProduction(env);
  await migratePostgres(config.INVENTORY_MIGRATION_URL, migrations, withSeed ? seedMissingProducts : undefined);
}

if (import.meta.main) await migrate(process.env, process.argv.includes("--seed"));
