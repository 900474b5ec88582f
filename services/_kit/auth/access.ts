import { Elysia } from "elysia";
import { createLocalJWKSet, createRemoteJWKSet, errors, type JWTVerifyGetKey, jwtVerify } from "jose";
import { cached } from "../async/cache";
import { AppError } from "../errors/app-error";

/** The caller, as named by a verified access token. `expiresAt` is the token's expiry in milliseconds since 1970. */
export type User = { id: string; permissions: readonly string[]; expiresAt: number };

/** Verifies the access token in the value of an `Authorization` header. */
export type VerifyAccess = (authorization: string | undefined) => Promise<User>;

export const hasPermission = (user: User, permission: string): boolean => user.permissions.includes(permission);

/**
 * The issuer's public keys. They are fetched again when they are needed and older than 5 minutes, and when a token names an
 * unknown key, but then not within 5 s of the last fetch. While the issuer is unreachable the last known keys stay in use,
 * so that its outage does not sign users out.
 * @param options.maxAgeMs 300,000 by default
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
      if (isTokenError(error) || !known) throw error;
      return createLocalJWKSet(known)(header, token);
    }
  };
}

/** Whether an error means that the token is invalid, and not that the issuer's keys are unavailable. */
const isTokenError = (error: unknown): boolean =>
  error instanceof errors.JOSEError &&
  error.code !== "ERR_JOSE_GENERIC" &&
  !(error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid);

/**
 * Verifies access tokens. The edge has verified them already; services do not rely on that, since their ports may be reached
 * directly. The result for a token is cached for 30 s, and never beyond its expiry.
 * @throws AppError `auth.token_missing`, `auth.token_invalid` (401); `auth.unavailable` (503) if no keys were fetched yet
 */
export function accessTokenVerifier(o: { issuer: string; keys: JWTVerifyGetKey }): VerifyAccess {
  const verifyToken = cached(
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
    return verifyToken(token).catch((cause) => {
      if (!isTokenError(cause))
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
 * Route options that guard a route: `signedIn: true`, or `permission: "orders:write"`. Both pass `user` to the handler.
 * Whether the user may see one particular resource is decided where it is loaded.
 * @throws AppError as `VerifyAccess` does; `auth.permission_missing` (403)
 */
export const access = (verify: VerifyAccess) =>
  new Elysia({ name: "access" }).macro({
    signedIn: {
      resolve: async ({ request }) => ({ user: await verify(getAuthorization(request)) }),
    },
    permission: (name: string) => ({
      resolve: async ({ request }) => {
        const user = await verify(getAuthorization(request));
        if (!hasPermission(user, name))
          throw new AppError("auth.permission_missing", {
            kind: "forbidden",
            public: `The permission ${name} is required.`,
          });
        return { user };
      },
    }),
  });

/** Reads the header from the request itself, because a route's header schema removes headers that it does not list. */
const getAuthorization = (request: Request) => request.headers.get("authorization") ?? undefined;
