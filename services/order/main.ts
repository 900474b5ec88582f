import { type InternalProducts, type InternalUser, mostIds } from "@shop/contracts/internal-api";
import { messages } from "@shop/contracts/messages";
import { accessTokens, remoteKeys } from "@shop/kit/access";
import { cached } from "@shop/kit/cache";
import { startConsumer } from "@shop/kit/consumer";
import { AppError } from "@shop/kit/errors";
import { httpClient } from "@shop/kit/http-client";
import { lookUps } from "@shop/kit/look-ups";
import { connectMongo } from "@shop/kit/mongo";
import { createPublisher } from "@shop/kit/publisher";
import { every } from "@shop/kit/relay";
import { startRetention } from "@shop/kit/retention";
import { sealer } from "@shop/kit/sealing";
import { type Server, serve } from "@shop/kit/serve";
import { prepare } from "@shop/kit/service";
import { expireHolds } from "./commands/expire-holds";
import { timeOut } from "./commands/time-out";
import { config as readConfig } from "./config";
import { consumers } from "./consumers";
import type { Deps } from "./deps";
import { orderChanges } from "./live/changes";
import { orderStreams } from "./live/streams";
import { routes } from "./routes";
import { orderBacklog } from "./store/backlog";
import { ordersOf } from "./store/documents";
import { orderStore } from "./store/orders";
import { retentionRules } from "./store/retention";
import { stuckSagas } from "./store/stuck-sagas";

export async function main(env: Record<string, string | undefined>): Promise<Server> {
  const config = readConfig(env);
  const { log, clock, tokens, flushTelemetry } = await prepare("order", config);
  const { client, db } = await connectMongo(config.ORDER_MONGO_URL, "order");
  const publisher = createPublisher({ redisUrl: config.REDIS_URL, catalogue: messages, log });
  const changes = orderChanges({ redisUrl: config.REDIS_URL, log });
  const store = orderStore({
    db,
    publisher,
    clock,
    log,
    changed: changes.note,
    answerLimitSeconds: config.SAGA_ANSWER_LIMIT_SECONDS,
    giveUp: (orderId, version) => timeOut({ store, clock, log }, orderId, version),
  });
  const stopRetention = startRetention({
    rules: retentionRules({ db, clock, orderDays: config.ORDER_RETENTION_DAYS }),
    log,
  });
  const stuck = stuckSagas({ orders: ordersOf(db), log });
  const live = orderStreams({ timelinesOf: store.timelinesOf, changes, clock, log });
  const backlog = orderBacklog({ orders: ordersOf(db), limit: config.MAX_ORDERS_UNDER_WAY, log });
  const users = httpClient({ target: "user", baseUrl: config.USER_URL, tokens });
  const inventory = httpClient({ target: "inventory", baseUrl: config.INVENTORY_URL, tokens });

  const deps: Deps = {
    store,
    live,
    backlogIsFull: backlog.isFull,
    clock,
    log,
    seal: await sealer(config.PAYMENT_SEAL_PUBLIC_KEY),
    holdSeconds: config.PAYMENT_HOLD_SECONDS,
    paymentAttempts: config.PAYMENT_ATTEMPTS,
    productsOf: lookUps({
      ask: async (ids) => (await inventory.get<InternalProducts>(`/internal/products?ids=${ids.join()}`)).items,
      idOf: (product) => product.id,
      most: mostIds,
    }),
    userExists: cached((id) => users.get<InternalUser>(`/internal/users/${id}`).then(() => true, unknownIsFalse), {
      ttlMs: 30_000,
      max: 10_000,
    }),
  };
  const verify = accessTokens({ issuer: config.ISSUER_URL, keys: remoteKeys(config.JWKS_URL) });
  const redisUrl = config.REDIS_URL;
  const consumer = startConsumer({
    queue: "order",
    catalogue: messages,
    consumers,
    deps,
    redisUrl,
    concurrency: 64,
    log,
  });
  const stopExpiring = every(1_000, () => expireHolds(deps), log);

  return serve({
    service: "order",
    host: config.HOST,
    port: config.PORT,
    routes: routes(deps, { verify, tokens }),
    health: { store: () => db.command({ ping: 1 }), queue: publisher.connected },
    log,
    drain: live.drain,
    close: [
      consumer.close,
      stopExpiring,
      backlog.close,
      stuck.close,
      stopRetention,
      live.close,
      store.close,
      changes.close,
      publisher.close,
      () => client.close(),
      flushTelemetry,
    ],
  });
}

function unknownIsFalse(error: unknown): false {
  if (error instanceof AppError && error.kind === "not_found") return false;
  throw error;
}

if (import.meta.main) await main(process.env);
