import { messages } from "@shop/contracts/messages";
import { accessTokenVerifier, remoteKeys } from "@shop/kit/auth/access";
import { createSealer } from "@shop/kit/auth/sealing";
import { bootstrap } from "@shop/kit/bootstrap";
import { httpClient } from "@shop/kit/http/client";
import { openServer, type Server } from "@shop/kit/http/server";
import { createPublisher } from "@shop/kit/messaging/publisher";
import { connectMongo, mongoSchema } from "@shop/kit/stores/mongo";
import { untilMigrated } from "@shop/kit/stores/schema";
import { startBackgroundWork } from "./background";
import { productLoader } from "./clients/inventory";
import { userLookup } from "./clients/users";
import { timeOut } from "./commands/time-out";
import { config as readConfig } from "./config";
import type { Deps } from "./deps";
import { changeFeed } from "./live/change-feed";
import { orderStreams } from "./live/streams";
import { routes } from "./routes";
import { orderBacklog } from "./store/backlog";
import { ordersCollection, schemaVersion } from "./store/documents";
import { orderStore } from "./store/orders";

export async function main(env: Record<string, string | undefined>): Promise<Server> {
  const config = readConfig(env);
  const { log, clock, tokens, lifecycle } = await bootstrap("order", config);
  const redisUrl = config.REDIS_URL;

  const { client, db } = connectMongo(config.ORDER_MONGO_URL, "order");
  lifecycle.use("store", () => client.close());
  const { HOST: host, PORT: port } = config;
  const server = openServer({ service: "order", host, port, store: () => db.command({ ping: 1 }), log, lifecycle });
  await untilMigrated(mongoSchema(db, schemaVersion), log);

  const publisher = lifecycle.use("publisher", createPublisher({ redisUrl, catalogue: messages, log }));
  const changes = lifecycle.use("change feed", changeFeed({ redisUrl, log }));
  const store = orderStore({
    db,
    publisher,
    clock,
    log,
    replyLimitSeconds: config.SAGA_ANSWER_LIMIT_SECONDS,
    giveUp: (orderId, version) => timeOut({ store, clock, log }, orderId, version),
    onWritten: changes.publish,
  });
  lifecycle.use("outbox", store);
  const live = orderStreams({ loadTimelines: store.loadTimelines, changes, clock, log });
  lifecycle.use("live timelines", live);
  const backlog = orderBacklog({ orders: ordersCollection(db), limit: config.MAX_ORDERS_UNDER_WAY, log });
  lifecycle.use("backlog gauge", backlog);

  const users = httpClient({ target: "user", baseUrl: config.USER_URL, tokens });
  const inventory = httpClient({ target: "inventory", baseUrl: config.INVENTORY_URL, tokens });

  const deps: Deps = {
    store,
    live,
    loadProducts: productLoader(inventory),
    userExists: userLookup(users),
    seal: await createSealer(config.PAYMENT_SEAL_PUBLIC_KEY),
    backlogIsFull: backlog.isFull,
    holdSeconds: config.PAYMENT_HOLD_SECONDS,
    paymentAttemptsMax: config.PAYMENT_ATTEMPTS,
    clock,
    log,
  };
  startBackgroundWork(lifecycle, deps, { db, redisUrl, orderDays: config.ORDER_RETENTION_DAYS });

  const verify = accessTokenVerifier({ issuer: config.ISSUER_URL, keys: remoteKeys(config.JWKS_URL) });
  return server.serve({ routes: routes(deps, { verify, tokens }), queue: publisher.connected, drain: live.drain });
}

if (import.meta.main) await main(process.env);
