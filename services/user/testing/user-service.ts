import { messages } from "@shop/contracts/messages";
import { accessTokenVerifier } from "@shop/kit/auth/access";
import { type Clock, systemClock } from "@shop/kit/clock";
import { invariant } from "@shop/kit/errors/invariant";
import type { Message } from "@shop/kit/messaging/envelope";
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
import { accessTokenSigner } from "../security/access-tokens";
import { loginThrottle } from "../security/login-throttle";
import { passwords } from "../security/passwords";
import { parseSigningKeys, toPublicKeys } from "../security/signing-keys";
import { verificationTokens } from "../security/verification-tokens";
import { credentialStore } from "../store/credentials";
import { roleStore } from "../store/roles";
import { seedRoles } from "../store/seed";
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

/** A value for `USER_SIGNING_KEYS`: one new key for each key id. */
export async function signingKeysEnv(...kids: string[]): Promise<string> {
  const keys = await Promise.all(
    kids.map(async (kid) => {
      const { privateKey } = await generateKeyPair("ES256", { extractable: true });
      return { ...(await exportJWK(privateKey)), kid };
    }),
  );
  return JSON.stringify({ keys });
}

/** The user service on a real database and Redis, without a port: requests go to its routes. */
export async function testUserService() {
  const database = await testPostgres("user", migrations);
  const { sql } = database;
  await seedRoles(sql);
  const redis = createRedis(redisUrl, silentLog);
  await redis.connect();
  const messaging = { redisUrl, catalogue: messages, log: silentLog };
  const publisher = createPublisher(messaging);
  const outbox = postgresOutbox({ ...messaging, sql, source: "user", publisher, clock: systemClock });
  const keys = parseSigningKeys(await signingKeysEnv("new", "old"));
  invariant(keys, "the generated signing keys must be valid");
  const publicKeys = toPublicKeys(keys);
  /** The service's verification tokens, signed and read at another time. */
  const verificationAt = (clock: Clock) => verificationTokens({ issuer, keys, clock });
  const sessions = sessionStore(sql);
  const deps: Deps = {
    users: userStore(sql, outbox),
    credentials: credentialStore(sql),
    roles: roleStore(sql),
    sessions,
    passwords: await passwords(),
    throttle: loginThrottle(redis, silentLog),
    verification: await verificationAt(systemClock),
    signAccess: await accessTokenSigner({ issuer, keys }),
    log: silentLog,
  };
  const services = await testServiceTokens("user", "order", "notification", "payment", "inventory");
  const verify = accessTokenVerifier({ issuer, keys: createLocalJWKSet(publicKeys) });
  const send = testClient(routes(deps, { verify, tokens: services.user, publicKeys }));
  const post = <T = SessionBody & { code: string }>(path: string, body: unknown) => send<T>("POST", path, { body });
  const logIn = (email: string, word = password) => post("/auth/login", { email, password: word });

  /** A new user with a session. */
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
    refresh: (refreshToken: string) => post("/auth/refresh", { refreshToken }),
    register,
    /** A new user with one more role, and an access token that contains it. */
    async registerAs(role: string) {
      const user = await register();
      await deps.roles.grant({ userId: user.id, role, by: "ops:test" });
      const { body } = await logIn(user.email);
      return { ...body, id: user.id, email: user.email, authorization: `Bearer ${body.token}` };
    },
    /** The events about a user, oldest first. */
    async listEvents(userId: string): Promise<Message[]> {
      const rows = await sql<{ body: Message }[]>`select body from outbox where subject = ${userId} order by seq`;
      return rows.map(({ body }) => body);
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
