import { Queue } from "bullmq";
import { Redis } from "ioredis";
import { MongoClient } from "mongodb";
import postgres, { type Sql } from "postgres";
import { queueNames } from "../../services/_contracts/services";
import type { Env } from "../../services/_kit/config";
import { errorMessage } from "../../services/_kit/errors/app-error";
import type { OrderDocument } from "../../services/order/store/documents";
import { UserError } from "../local/user-error";
import { databaseVariable, mongoVariable, type OutboxService, outboxServices, readUrls, redisVariable } from "./urls";

export type Stores = Awaited<ReturnType<typeof openStores>>;

/** @throws UserError that names the store that cannot be reached */
export async function openStores(env: Env) {
  const urls = await readUrls(env, [redisVariable, mongoVariable, ...outboxServices.map(databaseVariable)]);
  const [connection, mongo, ...databases] = await Promise.all([
    reach(`Redis (${redisVariable})`, () => connectRedis(urls[redisVariable] as string)),
    reach(`MongoDB (${mongoVariable})`, () => connectMongo(urls[mongoVariable] as string)),
    ...outboxServices.map((service) => openDatabase(service, urls)),
  ]);
  const queues = new Map(queueNames.map((name) => [name as string, new Queue(name, { connection })]));
  const sql = new Map(outboxServices.map((name, index): [string, Sql] => [name, databases[index] as Sql]));
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

/**
 * The database of one service only.
 * @throws UserError if it cannot be reached
 */
export async function openDatabase(service: OutboxService, env: Env): Promise<Sql> {
  const variable = databaseVariable(service);
  const { [variable]: url } = await readUrls(env, [variable]);
  const sql = postgres(url as string, { max: 1, connect_timeout: 5 });
  await reach(`PostgreSQL (${variable})`, () => sql`select 1`);
  return sql;
}

async function connectRedis(url: string): Promise<Redis> {
  const connection = new Redis(url, { lazyConnect: true, connectTimeout: 5_000, retryStrategy: () => null });
  let cause: Error | undefined;
  connection.on("error", (error) => {
    cause = error;
  });
  await connection.connect().catch((error) => {
    throw cause ?? error;
  });
  return connection;
}

const connectMongo = (url: string): Promise<MongoClient> =>
  new MongoClient(url, { serverSelectionTimeoutMS: 5_000 }).connect();

/** Runs `connect`. Its error names the store and not the URL, which contains a password. */
async function reach<T>(store: string, connect: () => PromiseLike<T>): Promise<T> {
  try {
    return await connect();
  } catch (error) {
    throw new UserError(`cannot reach ${store}: ${errorMessage(error)}`);
  }
}
