import { type Env, postgresEnv, readConfig } from "@shop/kit/config";
import { migratePostgres } from "@shop/kit/stores/postgres";
import { t } from "elysia";

export const migrations = `${import.meta.dir}/store/migrations`;
const schema = t.Object({ NOTIFICATION_MIGRATION_URL: postgresEnv });

/** Applies all migrations, as the role that owns the tables. There is no seed data, so `--seed` has no effect. */
export async function migrate(env: Env): Promise<void> {
  const config = readConfig(schema, env);
  await migratePostgres(config.NOTIFICATION_MIGRATION_URL, migrations);
}

if (import.meta.main) await migrate(process.env);
