import { MongoClient } from "mongodb";
import postgres from "postgres";
import { createClient } from "redis";
import type { StackHandle } from "../deploy/local/stack/stack-file";
import { queueNames, services, sqlServiceNames } from "../services/_contracts/services";

export type Counts = { jobs: number; orderWrites: number; commits: Record<string, number> };

/** What the stores themselves count: jobs ever added, writes of orders, commits per database. */
export async function openCounters(stack: StackHandle) {
  const redis = await createClient({ url: stack.adminUrls.redis }).connect();
  const mongo = await new MongoClient(stack.adminUrls.mongo).connect();
  const sql = postgres(stack.adminUrls.postgres, { max: 1 });
  const orders = mongo
    .db("orders")
    .collection<{ _id: string; status: string; createdAt: Date; confirmedAt: string }>("orders");

  return {
    orders,
    async read(): Promise<Counts> {
      const ids = await Promise.all(queueNames.map((queue) => redis.get(`bull:${queue}:id`)));
      const { opcounters } = await mongo.db("admin").command({ serverStatus: 1 });
      const rows = await sql<
        { datname: string; xact_commit: string }[]
      >`select datname, xact_commit from pg_stat_database`;
      const commits = sqlServiceNames.map((name) => [
        name,
        Number(rows.find((row) => row.datname === services[name].database)?.xact_commit ?? 0),
      ]);
      return {
        jobs: ids.reduce((sum, id) => sum + Number(id ?? 0), 0),
        orderWrites: Number(opcounters.insert) + Number(opcounters.update),
        commits: Object.fromEntries(commits),
      };
    },
    async close() {
      await Promise.all([redis.close(), mongo.close(), sql.end()]);
    },
  };
}

export type Counters = Awaited<ReturnType<typeof openCounters>>;
