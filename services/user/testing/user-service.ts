import { messages } from "@shop/contracts/messages";
import { accessTokens } from "@shop/kit/auth/access";
import { type Clock, systemClock } from "@shop/kit/clock";
import { createPublisher } from "@shop/kit/messaging/publisher";
import { postgresOutbox } from "@shop/kit/outbox/postgres";
import { createRedis } from "@shop/kit/stores/redis";
import { testClient } from "@shop/kit/testing/http";
import { silentLog } from "@shop/kit/testing/log";
import { testPostgres, testRedisUrl } from "@shop/kit/testing/stores";
import { testServiceTokens } from "@shop/kit/testing/tokens";
import { createLocalJWKSet, exportJWK, generateKeyPair } from "jose";
import type { Deps } from "../deps";
import { migrations } from "../migrate";
import { routes } from "../routes";
import { accessTokenIssuer, signingKeys } from "../security/access-tokens";
import { loginThrottle } from "../security/login-throttle";
import { passwords } from "../security/passwords";
import { verificationTokens } from "../security/verification-tokens";
import { fillRoles } from "../store/seed";
import { sessionStore } from "../store/sessions";
import { userStore } from "../store/users";

export const issuer = "http://issuer.test";
export const password = "a-good-password";
export const redisUrl = testRedisUrl(1);
export const anEmail = () => `${crypto.randomUUID()}@example.test`;

export type SessionBody = {
  user: { id: string; email: string; emailVerified: boolean; name: string; roles: string[] };
  token: string;
  tokenType: string;
  expiresIn: number;
  refreshToken: string;
};

/** `USER_SIGNING_KEYS` with a new key for each name. */
export async function signingKeysEnv(...kids: string[]): Promise<string> {
  const keys = await Promise.all(
    kids.map(async (kid) => {
      const { privateKey } = await generateKeyPair("ES256", { extractable: true });
      return { ...(await exportJWK(privateKey)), kid };
    }),
  );
  return JSON.stringify({ keys });
}

/** The user service's insides on a real database and Redis, asked through its routes. */
export async function testUserService() {
  const database = await testPostgres("user", migrations);
  const { sql } = database;
  await fillRoles(sql);
  const redis = createRedis(redisUrl, silentLog);
  await redis.connect();
  const publisher = createPublisher({ redisUrl, catalogue: messages, log: silentLog });
  const outbox = postgresOutbox({
    sql,
    source: "user",
    catalogue: messages,
    publisher,
    clock: systemClock,
    log: silentLog,
  });
  const keys = signingKeys(await signingKeysEnv("new", "old"));
  if (!keys) throw new Error("these keys are good");
  const { publicKeys, signAccess } = await accessTokenIssuer({ issuer, keys });
  /** The service's own tokens, as they are made at another time. */
  const verificationAt = (clock: Clock) => verificationTokens({ issuer, keys, publicKeys, clock });
  const sessions = sessionStore(sql);
  const deps: Deps = {
    users: userStore(sql, outbox),
    sessions,
    passwords: await passwords(),
    throttle: loginThrottle(redis, silentLog),
    verification: await verificationAt(systemClock),
    signAccess,
    clock: systemClock,
    log: silentLog,
  };
  const services = await testServiceTokens("user", "order", "notification", "payment", "inventory");
  const verify = accessTokens({ issuer, keys: createLocalJWKSet(publicKeys) });
  const send = testClient(routes(deps, { verify, tokens: services.user, publicKeys }));
  const post = <T = SessionBody & { code: string }>(path: string, body: unknown) => send<T>("POST", path, { body });
  const logIn = (email: string, word = password) => post("/auth/login", { email, password: word });

  /** Somebody with an account and a session. */
  async function register(email = anEmail()) {
    const { body } = await post("/auth/register", { email, password, name: "Ada" });
    return { ...body, id: body.user.id, email, authorization: `Bearer ${body.token}` };
  }

  return {
    deps,
    sql,
    redis,
    sessions,
    services,
    verificationAt,
    send,
    post,
    logIn,
    register,
    /** Somebody who has another role as well, and a token that says so. */
    async registerAs(role: string) {
      const person = await register();
      await deps.users.grant(person.id, role);
      const { body } = await logIn(person.email);
      return { ...body, id: person.id, email: person.email, authorization: `Bearer ${body.token}` };
    },
    async close() {
      await outbox.close();
      await publisher.close();
      redis.destroy();
      await database.drop();
    },
  };
}

export type TestUserService = Awaited<ReturnType<typeof testUserService>>;
