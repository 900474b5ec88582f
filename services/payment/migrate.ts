import { migratePostgres } from "@shop/kit/stores/postgres";

export const migrations = `${import.meta.dir}/store/migrations`;

/** Applies all migrations, as the role that owns the tables. There is no seed data, so `--seed` has no effect. */
export async function migrate(env: Record<string, string | undefined>): Promise<void> {
  const url = env.PAYMENT_MIGRATION_URL;
  if (!url) throw new Error("PAYMENT_MIGRATION_URL is not set");
  await migratePostgres(url, migrations);
}

if (import.meta.main) await migrate(process.env);
