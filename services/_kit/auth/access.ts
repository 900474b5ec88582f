import { Elysia } from "elysia";
import { createLocalJWKSet, createRemoteJWKSet, errors, type JWTVerifyGetKey, jwtVerify } from "jose";
import { cached } from "../async/cache";
import { AppError } from "../errors/app-error";

/** Who asks: the verified access token. */
export type User = { id: string; permissions: readonly string[]; expiresAt: number };

export type VerifyAccess = (authorization: string | undefined) => Promise<User>;

export const hasPermission = (user: User, permission: string): boolean => user.permissions.includes(permission);

/**
 * Keys of the one issuer, fetched every 5 minutes and when an unknown key id turns up. While the issuer cannot be reached
 * the keys known so far are used on: its outage must not sign everybody out.
 */
export function remoteKeys(jwksUrl: string, options: { maxAgeMs?: number } = {}): JWTVerifyGetKey {
  const remote = createRemoteJWKSet(new URL(jwksUrl), {
    cooldownDuration: 5_000,
    cacheMaxAge: options.maxAgeMs ?? 300_000,
    timeoutDuration: 2_000,
  });
  return async (header, token) => {
    try {
      return await remote(header, token);
    } catch (error) {
      const known = remote.jwks();
      if (isVerdict(error) || !known) throw error;
      return createLocalJWKSet(known)(header, token);
    }
  };
}

/** Whether an error says something about the token, rather than that the issuer's keys cannot be had. */
const isVerdict = (error: unknown): boolean =>
  error instanceof errors.JOSEError &&
  error.code !== "ERR_JOSE_GENERIC" &&
  !(error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid);

/**
 * Verifies access tokens again behind the edge, so that a port reached directly gives nothing away.
 * A token's verdict is kept for 30 s at most, and never beyond its expiry.
 * @throws AppError `auth.token_missing`, `auth.token_invalid` (401), `auth.unavailable` (503) before the first keys are there
 */
export function accessTokens(o: { issuer: string; keys: JWTVerifyGetKey }): VerifyAccess {
  const verdictOf = cached(
    async (token): Promise<User> => {
      const { payload } = await jwtVerify(token, o.keys, {
        issuer: o.issuer,
        audience: "shop-api",
        algorithms: ["ES256"],
        requiredClaims: ["exp", "sub"],
      });
      const permissions = Array.isArray(payload.permissions) ? payload.permissions.map(String) : [];
      return { id: payload.sub as string, permissions, expiresAt: (payload.exp as number) * 1000 };
    },
    { ttlMs: 30_000, max: 10_000, expiresAt: (user) => user.expiresAt },
  );
  return async (authorization) => {
    const token = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(authorization ?? "")?.[1];
    if (!token)
      throw new AppError("auth.token_missing", { kind: "unauthenticated", public: "An access token is required." });
    return verdictOf(token).catch((cause) => {
      if (!isVerdict(cause))
        throw new AppError("auth.unavailable", {
          kind: "unavailable",
          public: "Access tokens cannot be checked right now.",
          retryAfterSeconds: 2,
          cause,
        });
      throw new AppError("auth.token_invalid", {
        kind: "unauthenticated",
        public: "The access token is not valid.",
        cause,
      });
    });
  };
}

/**
 * Route options that guard a route: `signedIn: true`, or `permission: "orders:write"`. Both give the handler `user`.
 * Whether somebody may see one particular resource is decided where it is loaded.
 */
export const access = (verify: VerifyAccess) =>
  new Elysia({ name: "access" }).macro({
    signedIn: {
      resolve: async ({ request }) => ({ user: await verify(bearerOf(request)) }),
    },
    permission: (name: string) => ({
      resolve: async ({ request }) => {
        const user = await verify(bearerOf(request));
        if (!hasPermission(user, name))
          throw new AppError("auth.permission_missing", {
            kind: "forbidden",
            public: `This needs the permission ${name}.`,
          });
        return { user };
      },
    }),
  });

/** Read from the request itself: a route's header schema hides what it does not name. */
const bearerOf = (request: Request) => request.headers.get("authorization") ?? undefined;
