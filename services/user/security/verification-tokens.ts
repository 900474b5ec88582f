import { type Clock, plusSeconds } from "@shop/kit/clock";
import { createLocalJWKSet, errors, importJWK, jwtVerify, SignJWT } from "jose";
import type { VerificationTokens } from "../deps";
import { canonicalEmail } from "../domain/account";
import { hashOf } from "../domain/session";
import { verificationExpired, verificationInvalid, verificationLifetimeSeconds } from "../domain/verification";
import { type SigningKeys, toPublicKeys } from "./signing-keys";

/** Audience and type differ from those of access tokens, so neither token is accepted in place of the other. */
const audience = "shop-verify-email";
const typ = "verify-email+jwt";

/** Signs with the keys of the access tokens. A retired key must stay published for a day, the lifetime of a token. */
export async function verificationTokens(o: {
  issuer: string;
  keys: SigningKeys;
  clock: Clock;
}): Promise<VerificationTokens> {
  const [signing] = o.keys;
  const key = await importJWK(signing, "ES256");
  const publicKeys = createLocalJWKSet(toPublicKeys(o.keys));

  return {
    async sign({ id, email }) {
      const expiresAt = plusSeconds(o.clock.now(), verificationLifetimeSeconds);
      const token = await new SignJWT({ email: hashOf(canonicalEmail(email)) })
        .setProtectedHeader({ alg: "ES256", kid: signing.kid, typ })
        .setIssuer(o.issuer)
        .setAudience(audience)
        .setSubject(id)
        .setIssuedAt(o.clock.now())
        .setExpirationTime(expiresAt)
        .sign(key);
      return { token, expiresAt };
    },

    async read(token) {
      const { payload } = await jwtVerify(token, publicKeys, {
        issuer: o.issuer,
        audience,
        typ,
        algorithms: ["ES256"],
        requiredClaims: ["sub", "exp", "email"],
        currentDate: o.clock.now(),
      }).catch((error) => {
        throw error instanceof errors.JWTExpired ? verificationExpired() : verificationInvalid();
      });
      return { userId: payload.sub as string, isFor: (email) => payload.email === hashOf(canonicalEmail(email)) };
    },
  };
}
