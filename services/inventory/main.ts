import { messages } from "@shop/contracts/messages";
import { accessTokenVerifier, remoteKeys } from "@shop/kit/auth/access";
import { bootstrap } from "@shop/kit/bootstrap";
import { openServer, type Server } from "@shop/kit/http/server";
import { startConsumer } from "@shop/kit/messaging/consumer";
import { createPublisher } from "@shop/kit/messaging/publisher";
import { postgresOutbox } from "@shop/kit/outbox/postgres";
import { connectPostgres, postgresSchema } from "@shop/kit/stores/postgres";
import { startRetention } from "@shop/kit/stores/retention";
import { untilMigrated } from "@shop/kit/stores/schema";
import { connectionsMax, config as readConfig } from "./config";
import { consumers } from "./consumers";
import type { Deps } from "./deps";
import { routes } from "./routes";
import journal from "./store/migrations/meta/_journal.json";
import { productStore } from "./store/products";
import { retentionRules } from "./store/retention";
import { stockStore } from "./store/stock";

export async function main(env: Record<string, string | undefined>): Promise<Server> {
  const config = readConfig(env);
  const { log, clock, tokens, lifecycle } = await bootstrap("inventory", config);
  const messaging = { redisUrl: config.REDIS_URL, catalogue: messages, log };

  const sql = connectPostgres(config.INVENTORY_DATABASE_URL, { max: connectionsMax, service: "inventory" });
  lifecycle.use("store", () => sql.end());
  const { HOST: host, PORT: port } = config;
  const server = openServer({ service: "inventory", host, port, store: () => sql`select 1`, log, lifecycle });
  await untilMigrated(postgresSchema(sql, journal), log);

  const publisher = lifecycle.use("publisher", createPublisher(messaging));
  const outbox = lifecycle.use("outbox", postgresOutbox({ ...messaging, sql, source: "inventory", publisher, clock }));

  const deps: Deps = { stock: stockStore(outbox), products: productStore(sql) };
  const verify = accessTokenVerifier({ issuer: config.ISSUER_URL, keys: remoteKeys(config.JWKS_URL) });

  const rules = retentionRules(sql, { soldDays: config.RESERVATION_RETENTION_DAYS });
  lifecycle.use("retention", startRetention({ rules, log }));
  const consumer = startConsumer({ ...messaging, queue: "inventory", consumers, deps, concurrency: 64 });
  lifecycle.use("consumer", consumer);

  return server.serve({ routes: routes(deps, { verify, tokens }), queue: publisher.connected });
}

if (import.meta.main) await main(process.env);
