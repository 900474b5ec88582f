import { connectMongo } from "@shop/kit/stores/mongo";
import { createIndexes } from "./store/documents";

/** Creates the indexes that are missing. Safe to run twice and at the same time. `--seed` has nothing to add here. */
export async function migrate(url: string): Promise<void> {
  const { client, db } = await connectMongo(url, "order-migrate");
  await createIndexes(db).finally(() => client.close());
}

if (import.meta.main) await migrate(process.env.ORDER_MIGRATION_URL ?? process.env.ORDER_MONGO_URL ?? "");
