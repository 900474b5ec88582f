import { messages } from "@shop/contracts/messages";
import { every } from "@shop/kit/async/every";
import { accessTokenVerifier, remoteKeys } from "@shop/kit/auth/access";
import { createSealer, createUnsealer } from "@shop/kit/auth/sealing";
import { bootstrap } from "@shop/kit/bootstrap";
import { httpClient } from "@shop/kit/http/client";
import { openServer, type Server } from "@shop/kit/http/server";
import { startConsumer } from "@shop/kit/messaging/consumer";
import { createPublisher } from "@shop/kit/messaging/publisher";
import { postgresOutbox } from "@shop/kit/outbox/postgres";
import { connectPostgres, postgresSchema } from "@shop/kit/stores/postgres";
import { startRetention } from "@shop/kit/stores/retention";
import { untilMigrated } from "@shop/kit/stores/schema";
import { payableLoader } from "./clients/orders";
import { resumePayments } from "./commands/resume-payments";
import { retryCommands } from "./commands/retry-commands";
import { connectionsMax, config as readConfig } from "./config";
import { consumers } from "./consumers";
import type { Deps } from "./deps";
import { stripeGateway } from "./gateways/stripe";
import { routes } from "./routes";
import journal from "./store/migrations/meta/_journal.json";
import { paymentStore } from "./store/payments";
import { retentionRules } from "./store/retention";
import { stuckSagas } from "./store/stuck-sagas";

export async function main(env: Record<string, string | undefined>): Promise<Server> {
  const config = readConfig(env);
  const { log, clock, tokens, lifecycle } = await bootstrap("payment", config);
  const messaging = { redisUrl: config.REDIS_URL, catalogue: messages, log };

  const sql = connectPostgres(config.PAYMENT_DATABASE_URL, { max: connectionsMax, service: "payment" });
  lifecycle.use("store", () => sql.end());
  const { HOST: host, PORT: port } = config;
  const server = openServer({ service: "payment", host, port, store: () => sql`select 1`, log, lifecycle });
  await untilMigrated(postgresSchema(sql, journal), log);

  const publisher = lifecycle.use("publisher", createPublisher(messaging));
  const outbox = lifecycle.use("outbox", postgresOutbox({ ...messaging, sql, source: "payment", publisher, clock }));

  const orders = httpClient({ target: "order", baseUrl: config.ORDER_URL, tokens });
  const stripe = stripeGateway({ secretKey: config.STRIPE_SECRET_KEY, apiUrl: config.STRIPE_API_URL });
  const verify = accessTokenVerifier({ issuer: config.ISSUER_URL, keys: remoteKeys(config.JWKS_URL) });

  const deps: Deps = {
    store: paymentStore(sql, outbox),
    gateways: { stripe },
    loadPayable: payableLoader(orders),
    waitMsMax: 5_000,
    seal: await createSealer(config.PAYMENT_SEAL_PRIVATE_KEY),
    unseal: await createUnsealer(config.PAYMENT_SEAL_PRIVATE_KEY),
    log,
  };

  const rules = retentionRules(sql, { paymentDays: config.PAYMENT_RETENTION_DAYS });
  lifecycle.use("retention", startRetention({ rules, log }));
  lifecycle.use("stuck saga gauge", stuckSagas({ sql, log }));
  lifecycle.use(
    "command retry",
    every(1_000, () => retryCommands(deps), log),
  );
  lifecycle.use(
    "payment sweep",
    every(1_000, () => resumePayments(deps), log),
  );
  const consumer = startConsumer({ ...messaging, queue: "payment", consumers, deps, concurrency: 64 });
  lifecycle.use("consumer", consumer);

  return server.serve({ routes: routes(deps, verify), queue: publisher.connected });
}

if (import.meta.main) await main(process.env);
