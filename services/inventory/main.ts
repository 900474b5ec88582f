import { messages } from "@shop/contracts/messages";
import { accessTokens, remoteKeys } from "@shop/kit/access";
import { startConsumer } from "@shop/kit/consumer";
import { oldKeys } from "@shop/kit/idempotency-postgres";
import { postgresOutbox } from "@shop/kit/outbox-postgres";
import { connectPostgres } from "@shop/kit/postgres";
import { createPublisher } from "@shop/kit/publisher";
import { startRetention } from "@shop/kit/retention";
import { type Server, serve } from "@shop/kit/serve";
import { prepare } from "@shop/kit/service";
import { config as readConfig } from "./config";
import { consumers } from "./consumers";
import type { Deps } from "./deps";
import { routes } from "./routes";
import { productStore } from "./store/products";
import { retentionRules } from "./store/retention";
import { stockStore } from "./store/stock";

export async function main(env: Record<string, string | undefined>): Promise<Server> {
  const config = readConfig(env);
  const { log, clock, tokens, flushTelemetry } = await prepare("inventory", config);
  const sql = connectPostgres(config.INVENTORY_DATABASE_URL, { max: 16, service: "inventory" });
  const redisUrl = config.REDIS_URL;
  const publisher = createPublisher({ redisUrl, catalogue: messages, log });
  const outbox = postgresOutbox({ sql, source: "inventory", catalogue: messages, publisher, clock, log });

  const deps: Deps = { stock: stockStore(outbox), products: productStore(sql) };
  const verify = accessTokens({ issuer: config.ISSUER_URL, keys: remoteKeys(config.JWKS_URL) });
  const consumer = startConsumer({
    queue: "inventory",
    catalogue: messages,
    consumers,
    deps,
    redisUrl,
    concurrency: 64,
    log,
  });

  const stopRetention = startRetention({
    rules: [...retentionRules(sql, { soldDays: config.RESERVATION_RETENTION_DAYS }), oldKeys(sql, "inventory")],
    log,
  });

  return serve({
    service: "inventory",
    host: config.HOST,
    port: config.PORT,
    routes: routes(deps, { verify, tokens }),
    health: { store: () => sql`select 1`, queue: publisher.connected },
    log,
    close: [consumer.close, stopRetention, outbox.close, publisher.close, () => sql.end(), flushTelemetry],
  });
}

if (import.meta.main) await main(process.env);
