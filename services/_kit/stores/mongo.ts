import { type Db, MongoClient } from "mongodb";

/** A client that writes to a majority with the journal: what is acknowledged survives a kill. Set here, not left to a URL. */
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

export const isDuplicateKey = (error: unknown): boolean =>
  typeof error === "object" && error !== null && "code" in error && error.code === 11000;
