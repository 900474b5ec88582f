import type { InternalEmailVerification, InternalUser } from "@shop/contracts/internal-api";
import { messages } from "@shop/contracts/messages";
import { cached } from "@shop/kit/async/cache";
import { bootstrap } from "@shop/kit/bootstrap";
import { AppError } from "@shop/kit/errors/app-error";
import { httpClient } from "@shop/kit/http/client";
import { type Server, serve } from "@shop/kit/http/server";
import { startConsumer } from "@shop/kit/messaging/consumer";
import { createPublisher } from "@shop/kit/messaging/publisher";
import { connectPostgres } from "@shop/kit/stores/postgres";
import { startRetention } from "@shop/kit/stores/retention";
import { Elysia } from "elysia";
import { email } from "./channels/email";
import { config as readConfig } from "./config";
import { consumers } from "./consumers";
import { startPostman } from "./delivery/worker";
import type { Deps } from "./deps";
import { deliveryStore } from "./store/deliveries";
import { retentionRules } from "./store/retention";

/** Mails sent at the same time, each on a connection of its own. */
const concurrency = 8;

export async function main(env: Record<string, string | undefined>): Promise<Server> {
  const config = readConfig(env);
  const { log, clock, tokens, lifecycle } = await bootstrap("notification", config);
  const redisUrl = config.REDIS_URL;
  const publicUrl = config.PUBLIC_URL.replace(/\/+$/, "");
  const sql = connectPostgres(config.NOTIFICATION_DATABASE_URL, { max: 8, service: "notification" });
  lifecycle.use("store", () => sql.end());
  // This service publishes nothing; it needs to know whether the queues can be reached.
  const publisher = lifecycle.use("publisher", createPublisher({ redisUrl, catalogue: {}, log }));
  const users = httpClient({ target: "user", baseUrl: config.USER_URL, tokens });
  const mail = lifecycle.use(
    "mail",
    email({ smtpUrl: config.SMTP_URL, from: config.MAIL_FROM, connections: concurrency }),
  );
  const deliveries = deliveryStore(sql);
  const postman = lifecycle.use(
    "delivery worker",
    startPostman({ deliveries, channels: { email: mail }, publicUrl, clock, log, concurrency, room: 500 }),
  );

  const findUser = cached((id) => users.get<InternalUser>(`/internal/users/${id}`).catch(unknownIsUndefined), {
    ttlMs: 30_000,
    max: 10_000,
  });
  const verificationOf = (id: string) =>
    users.get<InternalEmailVerification>(`/internal/users/${id}/email-verification`).catch(unknownIsUndefined);
  const deps: Deps = { deliveries, postman, findUser, verificationOf, publicUrl, clock };
  lifecycle.use("retention", startRetention({ rules: retentionRules(sql), log }));
  lifecycle.use(
    "consumer",
    startConsumer({ queue: "notification", catalogue: messages, consumers, deps, redisUrl, concurrency: 64, log }),
  );

  return serve({
    service: "notification",
    host: config.HOST,
    port: config.PORT,
    routes: new Elysia({ name: "notification-routes" }),
    health: { store: () => sql`select 1`, queue: publisher.connected },
    log,
    lifecycle,
  });
}

/** Only user's own word counts: an answer from something else at its address must not lose mail. */
function unknownIsUndefined(error: unknown): undefined {
  if (error instanceof AppError && error.code === "user.not_found") return undefined;
  throw error;
}

if (import.meta.main) await main(process.env);
