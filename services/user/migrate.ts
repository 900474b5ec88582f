import { type Env, postgresEnv, readConfig, refuseSeedInProduction } from "@shop/kit/config";
import { migratePostgres } from "@shop/kit/stores/postgres";
import { t } from "elysia";
import { seedAccounts, seedRoles } from "./store/seed";

export const migrations = `${import.meta.dir}/store/migrations`;
const schema = t.Object({ USER_MIGRATION_URL: postgresEnv });

/**
 * Applies all migrations and adds missing roles and permissions; `--seed` adds the accounts that a development stack
 * starts with. Connects as the role that owns the tables, which the service itself never uses.
 * @throws Error if `--seed` is given in production: the passwords of these accounts are public
 */
export async function migrate(env: Env, withSeed: boolean): Promise<void> {
  const config = readConfig(schema, env);
  if (withSeed) refuseSeedInProduction(env);
  await migratePostgres(config.USER_MIGRATION_URL, migrations, async (sql) => {
    await seedRoles(sql);
    if (withSeed) await seedAccounts(sql);
  });
}

if (import.meta.main) await migrate(process.env, process.argv.includes("--seed"));
