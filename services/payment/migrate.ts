import { migratePostgres } from "@shop/kit/stores/postgres";

export const migrations = `${import.meta.dir}/store/migrations`;

/** Applies the migrations, as the role that owns the tables. `--seed` adds nothing here: there are no payments without orders. */
export async function migrate(env: Record<string, string | undefined>): Promise<void> {
  const url = env.PAYMENT_MIGRATION_URL;
  if (!url) throw new Error("PAYMENT_MIGRATION_URL is not set");
  await migratePostgres(url, migrations);
}

if (import.meta.main) await migrate(process.env);
