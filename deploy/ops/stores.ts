import { Queue } from "bullmq";
import { Redis } from "ioredis";
import { MongoClient } from "mongodb";
import postgres, { type Sql } from "postgres";
import { queueNames } from "../../services/_contracts/services";
import { offsetFrom } from "../local/config/ports";
import { readStack } from "../local/stack/stack-file";

/** Every service on PostgreSQL that tells anything has an outbox. */
export const outboxNames = ["user", "payment", "inventory"] as const;

export type Entry = {
  seq: number;
  id: string;
  type: string;
  time: string;
  data: Record<string, unknown>;
  note?: true;
};

export type OrderRecord = {
  _id: string;
  status: string;
  userId: string;
  createdAt: Date;
  updatedAt: Date;
  wakeAt?: Date;
  unsentSince?: Date;
  sentSeq: number;
  lastSeq: number;
  history: Entry[];
  version: number;
  asked?: number;
  waitedSeconds?: number;
  askNow?: true;
  saga: {
    id: string;
    name: string;
    status: string;
    step: string;
    failure?: { step: string; code: string };
    stuck?: string;
  };
};

export type OpsUrls = { redis: string; mongo: string; sql: Record<(typeof outboxNames)[number], string> };

/** The stores an operator looks into: of the environment (`REDIS_URL`, `ORDER_MONGO_URL`, `<SERVICE>_DATABASE_URL`), else of the running dev stack. */
export async function opsUrls(env: Record<string, string | undefined>): Promise<OpsUrls> {
  const given = {
    redis: env.REDIS_URL,
    mongo: env.ORDER_MONGO_URL,
    user: env.USER_DATABASE_URL,
    payment: env.PAYMENT_DATABASE_URL,
    inventory: env.INVENTORY_DATABASE_URL,
  };
  const missing = Object.values(given).some((url) => !url);
  const stack = missing ? await readStack(offsetFrom(env)) : undefined;
  const sqlUrl = (service: (typeof outboxNames)[number]) =>
    given[service] ?? (stack?.env(service)[`${service.toUpperCase()}_DATABASE_URL`] as string);
  return {
    redis: given.redis ?? (stack?.adminUrls.redis as string),
    mongo: given.mongo ?? (stack?.env("order").ORDER_MONGO_URL as string),
    sql: { user: sqlUrl("user"), payment: sqlUrl("payment"), inventory: sqlUrl("inventory") },
  };
}

export async function openStores(urls: OpsUrls) {
  const connection = new Redis(urls.redis, { maxRetriesPerRequest: null });
  const queues = new Map(queueNames.map((name) => [name as string, new Queue(name, { connection })]));
  const mongo = await new MongoClient(urls.mongo, { serverSelectionTimeoutMS: 5_000 }).connect();
  const sql = new Map(outboxNames.map((name): [string, Sql] => [name, postgres(urls.sql[name], { max: 1 })]));
  return {
    queues,
    sql,
    orders: mongo.db().collection<OrderRecord>("orders"),
    items: mongo.db().collection<{ _id: string; userId: string; quantity: number }>("order_items"),
    async close() {
      await Promise.all([...queues.values()].map((queue) => queue.close()));
      await Promise.all([...sql.values()].map((client) => client.end()));
      connection.disconnect();
      await mongo.close();
    },
  };
}

/** The database in which payment's sagas lie. */
export const paymentsOf = (sql: Map<string, Sql>): Sql => sql.get("payment") as Sql;

export type Stores = Awaited<ReturnType<typeof openStores>>;
