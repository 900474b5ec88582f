import { messages } from "@shop/contracts/messages";
import { accessTokens } from "@shop/kit/auth/access";
import { bootstrap } from "@shop/kit/bootstrap";
import { type Server, serve } from "@shop/kit/http/server";
import { createPublisher } from "@shop/kit/messaging/publisher";
import { postgresOutbox } from "@shop/kit/outbox/postgres";
import { connectPostgres } from "@shop/kit/stores/postgres";
import { createRedis } from "@shop/kit/stores/redis";
import { startRetention } from "@shop/kit/stores/retention";
import { createLocalJWKSet } from "jose";
import { config as readConfig } from "./config";
import type { Deps } from "./deps";
import { routes } from "./routes";
import { accessTokenIssuer } from "./security/access-tokens";
import { loginThrottle } from "./security/login-throttle";
import { passwords } from "./security/passwords";
import { verificationTokens } from "./security/verification-tokens";
import { retentionRules } from "./store/retention";
import { sessionStore } from "./store/sessions";
import { userStore } from "./store/users";

export async function main(env: Record<string, string | undefined>): Promise<Server> {
  const config = readConfig(env);
  const { log, clock, tokens, lifecycle } = await bootstrap("user", config);
  const sql = connectPostgres(config.USER_DATABASE_URL, { max: 10, service: "user" });
  lifecycle.use("store", () => sql.end());
  const redis = createRedis(config.REDIS_URL, log);
  lifecycle.use("redis", () => redis.destroy());
  redis.connect().catch(() => {}); // reconnects by itself; logins work without it
  const publisher = lifecycle.use(
    "publisher",
    createPublisher({ redisUrl: config.REDIS_URL, catalogue: messages, log }),
  );
  const outbox = lifecycle.use(
    "outbox",
    postgresOutbox({ sql, source: "user", catalogue: messages, publisher, clock, log }),
  );
  const sessions = sessionStore(sql);
  const { publicKeys, signAccess } = await accessTokenIssuer({
    issuer: config.ISSUER_URL,
    keys: config.USER_SIGNING_KEYS,
  });
  const deps: Deps = {
    users: userStore(sql, outbox),
    sessions,
    passwords: await passwords(),
    throttle: loginThrottle(redis, log),
    verification: await verificationTokens({
      issuer: config.ISSUER_URL,
      keys: config.USER_SIGNING_KEYS,
      publicKeys,
      clock,
    }),
    signAccess,
    clock,
    log,
  };
  const verify = accessTokens({ issuer: config.ISSUER_URL, keys: createLocalJWKSet(publicKeys) });
  lifecycle.use("retention", startRetention({ rules: retentionRules(sql), log }));

  return serve({
    service: "user",
    host: config.HOST,
    port: config.PORT,
    routes: routes(deps, { verify, tokens, publicKeys }),
    health: { store: () => sql`select 1`, queue: publisher.connected },
    log,
    lifecycle,
  });
}

if (import.meta.main) await main(process.env);
