import { connectMongo } from "@shop/kit/stores/mongo";
import { createIndexes } from "./store/documents";

/**
 * Creates missing indexes and drops outdated ones. Safe to run repeatedly and concurrently. There is no seed data, so
 * `--seed` has no effect.
 */
export async function migrate(url: string): Promise<void> {
  const { client, db } = await connectMongo(url, "order-migrate");
  await createIndexes(db).finally(() => client.close());
}

if (import.meta.main) await migrate(process.env.ORDER_MIGRATION_URL ?? process.env.ORDER_MONGO_URL ?? "");
