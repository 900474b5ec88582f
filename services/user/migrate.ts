import { refuseSeedInProduction } from "@shop/kit/config";
import { migratePostgres } from "@shop/kit/stores/postgres";
import { fillRoles, seed } from "./store/seed";

export const migrations = `${import.meta.dir}/store/migrations`;

/**
 * Brings the database up to date, its roles and permissions included; `--seed` adds the accounts that dev starts with.
 * Runs as the role that owns the tables, which the service itself never has.
 * @throws Error when example accounts, whose passwords everybody knows, are asked for in production
 */
export async function migrate(env: Record<string, string | undefined>, withSeed: boolean): Promise<void> {
  const url = env.USER_MIGRATION_URL;
  if (!url) throw new Error("USER_MIGRATION_URL is not set");
  if (withSeed) refuseSeedInProduction(env);
  await migratePostgres(url, migrations, async (sql) => {
    await fillRoles(sql);
    if (withSeed) await seed(sql);
  });
}

if (import.meta.main) await migrate(process.env, process.argv.includes("--seed"));
