import { type Collection, type Db, MongoClient } from "mongodb";
import type { Schema } from "./schema";

/** The connections of one instance to each member of the replica set, at most. */
export const connectionsMax = 50;

/**
 * A client whose writes are acknowledged by a majority and journaled, so that an acknowledged write survives a crash.
 * This is set here and does not depend on the URL. The client connects when it is first used.
 */
export function connectMongo(url: string, service: string): { client: MongoClient; db: Db } {
  const client = new MongoClient(url, {
    appName: service,
    writeConcern: { w: "majority", journal: true },
    readConcern: { level: "local" },
    serverSelectionTimeoutMS: 5_000,
    maxPoolSize: connectionsMax,
    ignoreUndefined: true,
  });
  return { client, db: client.db() };
}

/** The collection `schema_version` has this one document. */
type SchemaVersion = { _id: "schema"; version: number };
const schemaVersions = (db: Db): Collection<SchemaVersion> => db.collection<SchemaVersion>("schema_version");

export const mongoSchema = (db: Db, wanted: number): Schema => ({
  wanted,
  readVersion: async () => (await schemaVersions(db).findOne({ _id: "schema" }))?.version ?? 0,
});

/**
 * Runs `work`, which makes the schema of `version`, and then records the version. If the store has a newer schema, it is left
 * unchanged. Several processes may run it at the same time, so `work` must be repeatable.
 */
export async function migrateMongo(db: Db, version: number, work: () => Promise<void>): Promise<void> {
  if ((await mongoSchema(db, version).readVersion()) > version) return;
  await work();
  await schemaVersions(db).updateOne({ _id: "schema" }, { $max: { version } }, { upsert: true });
}

/** Whether an error reports a violated unique index. */
export const isDuplicateKey = (error: unknown): boolean =>
  typeof error === "object" && error !== null && "code" in error && error.code === 11000;
