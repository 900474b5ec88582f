import { migratePostgres } from "@shop/kit/postgres";

export const migrations = `${import.meta.dir}/store/migrations`;

/** `--seed` has nothing to add here: payments come from orders. */
if (import.meta.main) await migratePostgres(process.env.PAYMENT_MIGRATION_URL ?? "", migrations);
