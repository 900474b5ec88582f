import { messages } from "@shop/contracts/messages";
import { accessTokens, remoteKeys } from "@shop/kit/access";
import { startConsumer } from "@shop/kit/consumer";
import { httpClient } from "@shop/kit/http-client";
import { postgresOutbox } from "@shop/kit/outbox-postgres";
import { connectPostgres } from "@shop/kit/postgres";
import { createPublisher } from "@shop/kit/publisher";
import { every } from "@shop/kit/relay";
import { startRetention } from "@shop/kit/retention";
import { sealer, unsealer } from "@shop/kit/sealing";
import { type Server, serve } from "@shop/kit/serve";
import { prepare } from "@shop/kit/service";
import { askAgain } from "./commands/ask-again";
import { resumePayments } from "./commands/resume-payments";
import { config as readConfig } from "./config";
import { consumers } from "./consumers";
import type { Deps } from "./deps";
import { stripeGateway } from "./gateways/stripe";
import { payableOf } from "./payable";
import { routes } from "./routes";
import { paymentStore } from "./store/payments";
import { retentionRules } from "./store/retention";
import { stuckSagas } from "./store/stuck-sagas";

export async function main(env: Record<string, string | undefined>): Promise<Server> {
  const config = readConfig(env);
  const { log, clock, tokens, flushTelemetry } = await prepare("payment", config);
  const sql = connectPostgres(config.PAYMENT_DATABASE_URL, { max: 20, service: "payment" });
  const publisher = createPublisher({ redisUrl: config.REDIS_URL, catalogue: messages, log });
  const outbox = postgresOutbox({ sql, source: "payment", catalogue: messages, publisher, clock, log });
  const orders = httpClient({ target: "order", baseUrl: config.ORDER_URL, tokens });

  const deps: Deps = {
    store: paymentStore(sql, outbox),
    gateways: { stripe: stripeGateway({ secretKey: config.STRIPE_SECRET_KEY, apiUrl: config.STRIPE_API_URL }) },
    payableOf: payableOf(orders),
    waitMs: 5_000,
    seal: await sealer(config.PAYMENT_SEAL_PRIVATE_KEY),
    unseal: await unsealer(config.PAYMENT_SEAL_PRIVATE_KEY),
    clock,
    log,
  };
  const redisUrl = config.REDIS_URL;
  const consumer = startConsumer({
    queue: "payment",
    catalogue: messages,
    consumers,
    deps,
    redisUrl,
    concurrency: 64,
    log,
  });
  const stopRetention = startRetention({
    rules: retentionRules(sql, { paymentDays: config.PAYMENT_RETENTION_DAYS }),
    log,
  });
  const stopResuming = every(1_000, () => resumePayments(deps), log);
  const stuck = stuckSagas({ sql, log });
  const stopAsking = every(1_000, () => askAgain(deps), log);

  return serve({
    service: "payment",
    host: config.HOST,
    port: config.PORT,
    routes: routes(deps, accessTokens({ issuer: config.ISSUER_URL, keys: remoteKeys(config.JWKS_URL) })),
    health: { store: () => sql`select 1`, queue: publisher.connected },
    log,
    close: [
      consumer.close,
      stopResuming,
      stopAsking,
      stuck.close,
      stopRetention,
      outbox.close,
      publisher.close,
      () => sql.end(),
      flushTelemetry,
    ],
  });
}

if (import.meta.main) await main(process.env);
