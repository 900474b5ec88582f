import { type InternalProducts, type InternalUser, idsMax } from "@shop/contracts/internal-api";
import { messages } from "@shop/contracts/messages";
import { batchedLookup } from "@shop/kit/async/batched-lookup";
import { cached } from "@shop/kit/async/cache";
import { every } from "@shop/kit/async/every";
import { accessTokens, remoteKeys } from "@shop/kit/auth/access";
import { sealer } from "@shop/kit/auth/sealing";
import { bootstrap } from "@shop/kit/bootstrap";
import { AppError } from "@shop/kit/errors/app-error";
import { httpClient } from "@shop/kit/http/client";
import { type Server, serve } from "@shop/kit/http/server";
import { startConsumer } from "@shop/kit/messaging/consumer";
import { createPublisher } from "@shop/kit/messaging/publisher";
import { connectMongo } from "@shop/kit/stores/mongo";
import { startRetention } from "@shop/kit/stores/retention";
import { expireHolds } from "./commands/expire-holds";
import { timeOut } from "./commands/time-out";
import { config as readConfig } from "./config";
import { consumers } from "./consumers";
import type { Deps } from "./deps";
import { orderChanges } from "./live/change-feed";
import { orderStreams } from "./live/streams";
import { routes } from "./routes";
import { orderBacklog } from "./store/backlog";
import { ordersOf } from "./store/documents";
import { orderStore } from "./store/orders";
import { retentionRules } from "./store/retention";
import { stuckSagas } from "./store/stuck-sagas";

export async function main(env: Record<string, string | undefined>): Promise<Server> {
  const config = readConfig(env);
  const { log, clock, tokens, lifecycle } = await bootstrap("order", config);
  const { client, db } = await connectMongo(config.ORDER_MONGO_URL, "order");
  lifecycle.use("store", () => client.close());
  const redisUrl = config.REDIS_URL;
  const publisher = lifecycle.use("publisher", createPublisher({ redisUrl, catalogue: messages, log }));
  const changes = lifecycle.use("change feed", orderChanges({ redisUrl, log }));
  const store = orderStore({
    db,
    publisher,
    clock,
    log,
    changed: changes.note,
    answerLimitSeconds: config.SAGA_ANSWER_LIMIT_SECONDS,
    giveUp: (orderId, version) => timeOut({ store, clock, log }, orderId, version),
  });
  lifecycle.use("outbox", store.close);
  const live = lifecycle.use("live timelines", orderStreams({ timelinesOf: store.timelinesOf, changes, clock, log }));
  const rules = retentionRules({ db, clock, orderDays: config.ORDER_RETENTION_DAYS });
  lifecycle.use("retention", startRetention({ rules, log }));
  lifecycle.use("stuck saga gauge", stuckSagas({ orders: ordersOf(db), log }));
  const backlog = lifecycle.use(
    "backlog gauge",
    orderBacklog({ orders: ordersOf(db), limit: config.MAX_ORDERS_UNDER_WAY, log }),
  );
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
    productsOf: batchedLookup({
      load: async (ids) => (await inventory.get<InternalProducts>(`/internal/products?ids=${ids.join()}`)).items,
      idOf: (product) => product.id,
      idsMax: idsMax,
    }),
    userExists: cached((id) => users.get<InternalUser>(`/internal/users/${id}`).then(() => true, unknownIsFalse), {
      ttlMs: 30_000,
      max: 10_000,
    }),
  };
  const verify = accessTokens({ issuer: config.ISSUER_URL, keys: remoteKeys(config.JWKS_URL) });
  lifecycle.use(
    "hold expiry",
    every(1_000, () => expireHolds(deps), log),
  );
  lifecycle.use(
    "consumer",
    startConsumer({ queue: "order", catalogue: messages, consumers, deps, redisUrl, concurrency: 64, log }),
  );

  return serve({
    service: "order",
    host: config.HOST,
    port: config.PORT,
    routes: routes(deps, { verify, tokens }),
    health: { store: () => db.command({ ping: 1 }), queue: publisher.connected },
    log,
    drain: live.drain,
    lifecycle,
  });
}

function unknownIsFalse(error: unknown): false {
  if (error instanceof AppError && error.kind === "not_found") return false;
  throw error;
}

if (import.meta.main) await main(process.env);
