import { messages } from "@shop/contracts/messages";
import { accessTokenVerifier } from "@shop/kit/auth/access";
import { bootstrap } from "@shop/kit/bootstrap";
import { openServer, type Server } from "@shop/kit/http/server";
import { createPublisher } from "@shop/kit/messaging/publisher";
import { postgresOutbox } from "@shop/kit/outbox/postgres";
import { connectPostgres, postgresSchema } from "@shop/kit/stores/postgres";
import { createRedis } from "@shop/kit/stores/redis";
import { startRetention } from "@shop/kit/stores/retention";
import { untilMigrated } from "@shop/kit/stores/schema";
import { createLocalJWKSet } from "jose";
import { connectionsMax, config as readConfig } from "./config";
import type { Deps } from "./deps";
import { routes } from "./routes";
import { accessTokenSigner } from "./security/access-tokens";
import { loginThrottle } from "./security/login-throttle";
import { passwords } from "./security/passwords";
import { toPublicKeys } from "./security/signing-keys";
import { verificationTokens } from "./security/verification-tokens";
import { credentialStore } from "./store/credentials";
import journal from "./store/migrations/meta/_journal.json";
import { retentionRules } from "./store/retention";
import { roleStore } from "./store/roles";
import { sessionStore } from "./store/sessions";
import { userStore } from "./store/users";

export async function main(env: Record<string, string | undefined>): Promise<Server> {
  const config = readConfig(env);
  const { log, clock, tokens, lifecycle } = await bootstrap("user", config);
  const messaging = { redisUrl: config.REDIS_URL, catalogue: messages, log };
  const signing = { issuer: config.ISSUER_URL, keys: config.USER_SIGNING_KEYS };
  const publicKeys = toPublicKeys(config.USER_SIGNING_KEYS);

  const sql = connectPostgres(config.USER_DATABASE_URL, { max: connectionsMax, service: "user" });
  lifecycle.use("store", () => sql.end());
  const { HOST: host, PORT: port } = config;
  const server = openServer({ service: "user", host, port, store: () => sql`select 1`, log, lifecycle });
  await untilMigrated(postgresSchema(sql, journal), log);

  const redis = createRedis(config.REDIS_URL, log);
  lifecycle.use("redis", () => redis.destroy());
  redis.connect().catch(() => {}); // The client reconnects by itself, and logins work without Redis.
  const publisher = lifecycle.use("publisher", createPublisher(messaging));
  const outbox = lifecycle.use("outbox", postgresOutbox({ ...messaging, sql, source: "user", publisher, clock }));

  const deps: Deps = {
    users: userStore(sql, outbox),
    credentials: credentialStore(sql),
    roles: roleStore(sql),
    sessions: sessionStore(sql),
    passwords: await passwords(),
    throttle: loginThrottle(redis, log),
    verification: await verificationTokens({ ...signing, clock }),
    signAccess: await accessTokenSigner(signing),
    log,
  };
  const verify = accessTokenVerifier({ issuer: config.ISSUER_URL, keys: createLocalJWKSet(publicKeys) });

  lifecycle.use("retention", startRetention({ rules: retentionRules(sql), log }));

  return server.serve({ routes: routes(deps, { verify, tokens, publicKeys }), queue: publisher.connected });
}

if (import.meta.main) await main(process.env);
