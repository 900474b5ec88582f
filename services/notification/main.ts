import { messages } from "@shop/contracts/messages";
import { bootstrap } from "@shop/kit/bootstrap";
import { httpClient } from "@shop/kit/http/client";
import { openServer, type Server } from "@shop/kit/http/server";
import { startConsumer } from "@shop/kit/messaging/consumer";
import { createPublisher } from "@shop/kit/messaging/publisher";
import { connectPostgres, postgresSchema } from "@shop/kit/stores/postgres";
import { startRetention } from "@shop/kit/stores/retention";
import { untilMigrated } from "@shop/kit/stores/schema";
import { Elysia } from "elysia";
import { emailChannel } from "./channels/email";
import { userClient } from "./clients/users";
import { connectionsMax, config as readConfig } from "./config";
import { consumers } from "./consumers";
import { startDeliveryWorker } from "./delivery/worker";
import type { Deps } from "./deps";
import { deliveryStore } from "./store/deliveries";
import journal from "./store/migrations/meta/_journal.json";
import { retentionRules } from "./store/retention";

/** The limit on mails being sent at the same time, each on its own connection. */
const concurrency = 8;

export async function main(env: Record<string, string | undefined>): Promise<Server> {
  const config = readConfig(env);
  const { log, clock, tokens, lifecycle } = await bootstrap("notification", config);
  const redisUrl = config.REDIS_URL;
  const publicUrl = config.PUBLIC_URL.replace(/\/+$/, "");

  const sql = connectPostgres(config.NOTIFICATION_DATABASE_URL, { max: connectionsMax, service: "notification" });
  lifecycle.use("store", () => sql.end());
  const { HOST: host, PORT: port } = config;
  const server = openServer({ service: "notification", host, port, store: () => sql`select 1`, log, lifecycle });
  await untilMigrated(postgresSchema(sql, journal), log);

  const deliveries = deliveryStore(sql);
  // This service publishes nothing. The publisher only reports to the health check whether the queues can be reached.
  const publisher = lifecycle.use("publisher", createPublisher({ redisUrl, catalogue: {}, log }));

  const users = userClient(httpClient({ target: "user", baseUrl: config.USER_URL, tokens }));
  const smtp = { smtpUrl: config.SMTP_URL, from: config.MAIL_FROM, connections: concurrency };
  const channels = { email: lifecycle.use("mail", emailChannel(smtp)) };

  const worker = startDeliveryWorker({ deliveries, channels, publicUrl, clock, log, concurrency, capacity: 500 });
  lifecycle.use("delivery worker", worker);
  const deps: Deps = { ...users, deliveries, worker, publicUrl, clock };

  lifecycle.use("retention", startRetention({ rules: retentionRules(sql), log }));
  const messaging = { redisUrl, catalogue: messages, log };
  const consumer = startConsumer({ ...messaging, queue: "notification", consumers, deps, concurrency: 64 });
  lifecycle.use("consumer", consumer);

  return server.serve({ routes: new Elysia({ name: "notification-routes" }), queue: publisher.connected });
}

if (import.meta.main) await main(process.env);
