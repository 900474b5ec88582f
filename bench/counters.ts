import { MongoClient } from "mongodb";
import postgres from "postgres";
import { createClient } from "redis";
import type { StackHandle } from "../deploy/local/stack/stack-file";
import { queueNames, services, sqlServiceNames } from "../services/_contracts/services";
import type { OrderDocument } from "../services/order/store/documents";

/** Totals since the stores were started. `commits` is by service. */
export type Counts = { jobs: number; mongoWrites: number; commits: Record<string, number> };

/** Reads the counters of the stores themselves: jobs added to queues, writes to MongoDB, commits of each database. */
export async function openCounters(stack: StackHandle) {
  const redis = await createClient({ url: stack.adminUrls.redis }).connect();
  const mongo = await new MongoClient(stack.adminUrls.mongo).connect();
  const sql = postgres(stack.adminUrls.postgres, { max: 1 });

  return {
    orders: mongo.db(services.order.database).collection<OrderDocument>("orders"),
    async read(): Promise<Counts> {
      const lastJobIds = await Promise.all(queueNames.map((queue) => redis.get(`bull:${queue}:id`)));
      const { opcounters } = await mongo.db("admin").command({ serverStatus: 1 });
      const rows = await sql<
        { datname: string; xact_commit: string }[]
      >`select datname, xact_commit from pg_stat_database`;
      const commits = sqlServiceNames.map((name) => [
        name,
        Number(rows.find((row) => row.datname === services[name].database)?.xact_commit ?? 0),
      ]);
      return {
        jobs: lastJobIds.reduce((sum, id) => sum + Number(id ?? 0), 0),
        mongoWrites: Number(opcounters.insert) + Number(opcounters.update),
        commits: Object.fromEntries(commits),
      };
    },
    async close() {
      await Promise.all([redis.close(), mongo.close(), sql.end()]);
    },
  };
}

export type Counters = Awaited<ReturnType<typeof openCounters>>;
