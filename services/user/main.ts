import { messages } from "@shop/contracts/messages";
import { accessTokens } from "@shop/kit/access";
import { postgresOutbox } from "@shop/kit/outbox-postgres";
import { connectPostgres } from "@shop/kit/postgres";
import { createPublisher } from "@shop/kit/publisher";
import { createRedis } from "@shop/kit/redis";
import { startRetention } from "@shop/kit/retention";
import { type Server, serve } from "@shop/kit/serve";
import { prepare } from "@shop/kit/service";
import { createLocalJWKSet } from "jose";
import { accessTokenIssuer } from "./access-tokens";
import { config as readConfig } from "./config";
import type { Deps } from "./deps";
import { passwords } from "./passwords";
import { routes } from "./routes";
import { retentionRules } from "./store/retention";
import { sessionStore } from "./store/sessions";
import { userStore } from "./store/users";
import { loginThrottle } from "./throttle";
import { verificationTokens } from "./verification-tokens";

export async function main(env: Record<string, string | undefined>): Promise<Server> {
  const config = readConfig(env);
  const { log, clock, tokens, flushTelemetry } = await prepare("user", config);
  const sql = connectPostgres(config.USER_DATABASE_URL, { max: 10, service: "user" });
  const redis = createRedis(config.REDIS_URL, log);
  redis.connect().catch(() => {}); // it keeps trying by itself; logins work without it
  const publisher = createPublisher({ redisUrl: config.REDIS_URL, catalogue: messages, log });
  const outbox = postgresOutbox({ sql, source: "user", catalogue: messages, publisher, clock, log });
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
  const stopRetention = startRetention({ rules: retentionRules(sql), log });

  return serve({
    service: "user",
    host: config.HOST,
    port: config.PORT,
    routes: routes(deps, { verify, tokens, publicKeys }),
    health: { store: () => sql`select 1`, queue: publisher.connected },
    log,
    close: [stopRetention, outbox.close, publisher.close, async () => redis.destroy(), () => sql.end(), flushTelemetry],
  });
}

if (import.meta.main) await main(process.env);
