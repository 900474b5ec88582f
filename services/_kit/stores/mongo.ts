import { type Db, MongoClient } from "mongodb";

/**
 * Connects a client whose writes are acknowledged by a majority and journaled, so that an acknowledged write survives a crash.
 * This is set here and does not depend on the URL.
 */
export async function connectMongo(url: string, service: string): Promise<{ client: MongoClient; db: Db }> {
  const client = new MongoClient(url, {
    appName: service,
    writeConcern: { w: "majority", journal: true },
    readConcern: { level: "local" },
    serverSelectionTimeoutMS: 5_000,
    maxPoolSize: 50,
    ignoreUndefined: true,
  });
  await client.connect();
  return { client, db: client.db() };
}

/** Whether an error reports a violated unique index. */
export const isDuplicateKey = (error: unknown): boolean =>
  typeof error === "object" && error !== null && "code" in error && error.code === 11000;
