import { migratePostgres } from "@shop/kit/postgres";
import { fillRoles, seed } from "./store/seed";

export const migrations = `${import.meta.dir}/store/migrations`;

/** @throws Error when example accounts, whose passwords everybody knows, are asked for in production */
export async function migrate(env: Record<string, string | undefined>, withSeed: boolean): Promise<void> {
  if (withSeed && (env.APP_ENV ?? "production") === "production")
    throw new Error("Production is not seeded with example accounts.");
  await migratePostgres(env.USER_MIGRATION_URL ?? "", migrations, async (sql) => {
    await fillRoles(sql);
    if (withSeed) await seed(sql);
  });
}

if (import.meta.main) await migrate(process.env, process.argv.includes("--seed"));
