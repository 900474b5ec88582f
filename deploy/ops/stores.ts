import { Queue } from "bullmq";
import { Redis } from "ioredis";
import { MongoClient } from "mongodb";
import postgres, { type Sql } from "postgres";
import { queueNames, type SqlServiceName, sqlServiceNames } from "../../services/_contracts/services";
import { type Env, readVariable } from "../../services/_kit/config";
import type { OrderDocument } from "../../services/order/store/documents";
import { offsetFrom } from "../local/config/ports";
import { readStack } from "../local/stack/stack-file";

/** Notification sends no messages, so it has no outbox. */
type OutboxService = Exclude<SqlServiceName, "notification">;

/** The services on PostgreSQL that have an outbox. */
const outboxServices = sqlServiceNames.filter((name): name is OutboxService => name !== "notification");

export type OpsUrls = { redis: string; mongo: string; sql: Record<OutboxService, string> };

/**
 * The stores to inspect: `REDIS_URL`, `ORDER_MONGO_URL` and `<SERVICE>_DATABASE_URL`, or the files that these variables
 * with `_FILE` name. Those that are not set are taken from the running dev stack.
 */
export async function opsUrls(env: Env): Promise<OpsUrls> {
  const variables = ["REDIS_URL", "ORDER_MONGO_URL", ...outboxServices.map(databaseVariable)];
  const values = Object.fromEntries(variables.map((name) => [name, readVariable(env, name)]));
  const stack = variables.every((name) => values[name]) ? undefined : await readStack(offsetFrom(env));
  const databaseUrl = (service: OutboxService) => {
    const name = databaseVariable(service);
    return (values[name] ?? stack?.env(service)[name]) as string;
  };
  return {
    redis: values.REDIS_URL ?? (stack?.adminUrls.redis as string),
    mongo: values.ORDER_MONGO_URL ?? (stack?.env("order").ORDER_MONGO_URL as string),
    sql: Object.fromEntries(outboxServices.map((service) => [service, databaseUrl(service)])) as OpsUrls["sql"],
  };
}

const databaseVariable = (service: OutboxService) => `${service.toUpperCase()}_DATABASE_URL`;

export async function openStores(urls: OpsUrls) {
  const connection = new Redis(urls.redis, { maxRetriesPerRequest: null });
  const queues = new Map(queueNames.map((name) => [name as string, new Queue(name, { connection })]));
  const mongo = await new MongoClient(urls.mongo, { serverSelectionTimeoutMS: 5_000 }).connect();
  const sql = new Map(outboxServices.map((name): [string, Sql] => [name, postgres(urls.sql[name], { max: 1 })]));
  return {
    queues,
    /** The databases with an outbox, by service. */
    sql,
    payments: sql.get("payment" satisfies OutboxService) as Sql,
    orders: mongo.db().collection<OrderDocument>("orders"),
    /** The read model of the products in orders. An id is `<productId>/<orderId>`. */
    orderItems: mongo.db().collection<{ _id: string; userId: string; quantity: number }>("order_items"),
    async close() {
      await Promise.all([...queues.values()].map((queue) => queue.close()));
      await Promise.all([...sql.values()].map((client) => client.end()));
      connection.disconnect();
      await mongo.close();
    },
  };
}

export type Stores = Awaited<ReturnType<typeof openStores>>;
