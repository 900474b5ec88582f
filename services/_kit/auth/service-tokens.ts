import { createLocalJWKSet, errors, importJWK, type JSONWebKeySet, type JWK, jwtVerify, SignJWT } from "jose";
import { cached } from "../async/cache";
import { AppError } from "../errors/app-error";

const lifetimeSeconds = 60;
/** How long before its expiry a token is replaced by a new one. */
const renewalSeconds = 15;
/** The name of a service as the issuer or the audience of a token. */
const toPrincipal = (service: string) => `service:${service}`;

export type ServiceTokens = {
  /** A token to call `callee` with. It is valid for 60 s and reused for the first 45 s. */
  for(callee: string): Promise<string>;
  /**
   * Verifies an `Authorization` header.
   * @param allowed the names of the services that may make this request
   * @returns the name of the calling service
   * @throws AppError `service_token.invalid` (401), `service_token.caller_refused` (403)
   */
  verify(authorization: string | undefined, allowed: readonly string[]): Promise<string>;
};

/** Tokens between services. Each is signed with the caller's own key and valid for one callee only. */
export function serviceTokens(o: { self: string; privateJwk: JWK; publicKeys: JSONWebKeySet }): ServiceTokens {
  const key = importJWK(o.privateJwk, "ES256");
  const keys = createLocalJWKSet(o.publicKeys);
  const issued = new Map<string, { token: Promise<string>; reusableUntil: number }>();

  const sign = async (callee: string) =>
    new SignJWT()
      .setProtectedHeader({ alg: "ES256", kid: o.self, typ: "service+jwt" })
      .setIssuer(toPrincipal(o.self))
      .setAudience(toPrincipal(callee))
      .setIssuedAt()
      .setExpirationTime(`${lifetimeSeconds}s`)
      .sign(await key);

  /** Callers reuse tokens, so the result is cached, but never beyond the token's expiry. */
  const verifyToken = cached(
    async (token) => {
      const { payload, protectedHeader } = await jwtVerify(token, keys, {
        audience: toPrincipal(o.self),
        algorithms: ["ES256"],
        typ: "service+jwt",
        requiredClaims: ["exp", "iss"],
        clockTolerance: 5,
      });
      const caller = protectedHeader.kid as string;
      // The key must be the issuer's own: a service must not act as another one.
      if (payload.iss !== toPrincipal(caller)) throw new errors.JWTInvalid("issuer and key differ");
      return { name: caller, expiresAt: (payload.exp as number) * 1000 };
    },
    { ttlMs: 30_000, max: 100, expiresAt: ({ expiresAt }) => expiresAt },
  );

  async function findCaller(authorization: string | undefined): Promise<string> {
    try {
      return (await verifyToken(authorization?.replace(/^Bearer /, "") ?? "")).name;
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
      if (current && current.reusableUntil > Date.now()) return current.token;
      const token = sign(callee);
      issued.set(callee, { token, reusableUntil: Date.now() + (lifetimeSeconds - renewalSeconds) * 1000 });
      return token;
    },
    async verify(authorization, allowed) {
      const caller = await findCaller(authorization);
      if (!allowed.includes(caller))
        throw new AppError("service_token.caller_refused", {
          kind: "forbidden",
          public: "The calling service is not allowed to make this request.",
        });
      return caller;
    },
  };
}
