import { createLocalJWKSet, errors, importJWK, type JSONWebKeySet, type JWK, jwtVerify, SignJWT } from "jose";
import { cached } from "../async/cache";
import { AppError } from "../errors/app-error";

const lifetimeSeconds = 60;
const audienceOf = (service: string) => `service:${service}`;

export type ServiceTokens = {
  /** A token with which this service calls `callee`. Signed once and used for most of its 60 s. */
  for(callee: string): Promise<string>;
  /**
   * The name of the service that made this `Authorization` header for us.
   * @throws AppError `service_token.invalid` (401), `service_token.caller_refused` (403)
   */
  verify(authorization: string | undefined, allowed: readonly string[]): Promise<string>;
};

/** Tokens between services: each is signed by the caller's own key and good for one callee only. */
export function serviceTokens(o: { self: string; privateJwk: JWK; publicKeys: JSONWebKeySet }): ServiceTokens {
  const key = importJWK(o.privateJwk, "ES256");
  const keys = createLocalJWKSet(o.publicKeys);
  const issued = new Map<string, { token: Promise<string>; until: number }>();

  const sign = async (callee: string) =>
    new SignJWT()
      .setProtectedHeader({ alg: "ES256", kid: o.self, typ: "service+jwt" })
      .setIssuer(`service:${o.self}`)
      .setAudience(audienceOf(callee))
      .setIssuedAt()
      .setExpirationTime(`${lifetimeSeconds}s`)
      .sign(await key);

  /** A caller uses a token for most of a minute, so its verdict is kept, but never beyond its expiry. */
  const callerOf = cached(
    async (token) => {
      const { payload, protectedHeader } = await jwtVerify(token, keys, {
        audience: audienceOf(o.self),
        algorithms: ["ES256"],
        typ: "service+jwt",
        requiredClaims: ["exp", "iss"],
        clockTolerance: 5,
      });
      // The key must be the issuer's own: one service cannot speak for another.
      if (payload.iss !== `service:${protectedHeader.kid}`) throw new errors.JWTInvalid("issuer and key differ");
      return { name: protectedHeader.kid as string, expiresAt: (payload.exp as number) * 1000 };
    },
    { ttlMs: 30_000, max: 100, expiresAt: ({ expiresAt }) => expiresAt },
  );

  async function verified(authorization: string | undefined): Promise<string> {
    try {
      return (await callerOf(authorization?.replace(/^Bearer /, "") ?? "")).name;
    } catch (cause) {
      throw new AppError("service_token.invalid", {
        kind: "unauthenticated",
        public: "A service token is required.",
        cause,
      });
    }
  }

  return {
    for(callee) {
      const current = issued.get(callee);
      if (current && current.until > Date.now()) return current.token;
      const token = sign(callee);
      issued.set(callee, { token, until: Date.now() + (lifetimeSeconds - 15) * 1000 });
      return token;
    },
    async verify(authorization, allowed) {
      const caller = await verified(authorization);
      if (!allowed.includes(caller))
        throw new AppError("service_token.caller_refused", {
          kind: "forbidden",
          public: "This caller may not do that.",
        });
      return caller;
    },
  };
}
