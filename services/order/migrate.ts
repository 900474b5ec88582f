import { type Env, mongoEnv, readConfig } from "@shop/kit/config";
import { connectMongo, migrateMongo } from "@shop/kit/stores/mongo";
import { t } from "elysia";
import { createIndexes, schemaVersion } from "./store/documents";

/** Without a role of its own for migrations, the service's role creates the indexes. */
const schema = t.Object({ ORDER_MIGRATION_URL: mongoEnv });

/**
 * Creates missing indexes and drops outdated ones, unless a newer release has migrated already. Safe to run repeatedly and
 * concurrently. There is no seed data, so `--seed` has no effect.
 */
export async function migrate(env: Env): Promise<void> {
  const fallback = { ORDER_MIGRATION_URL: env.ORDER_MONGO_URL, ORDER_MIGRATION_URL_FILE: env.ORDER_MONGO_URL_FILE };
  const hasOwnRole = env.ORDER_MIGRATION_URL || env.ORDER_MIGRATION_URL_FILE;
  const config = readConfig(schema, hasOwnRole ? env : fallback);
  const { client, db } = connectMongo(config.ORDER_MIGRATION_URL, "order-migrate");
  await migrateMongo(db, schemaVersion, () => createIndexes(db)).finally(() => client.close());
}

if (import.meta.main) await migrate(process.env);
