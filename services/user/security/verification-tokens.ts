import { type Clock, plusSeconds } from "@shop/kit/clock";
import { createLocalJWKSet, errors, importJWK, jwtVerify, SignJWT } from "jose";
import type { VerificationTokens } from "../deps";
import { sameEmail } from "../domain/account";
import { hashOf } from "../domain/session";
import { verificationExpired, verificationInvalid, verificationLifetimeSeconds } from "../domain/verification";
import type { PublicKeys, SigningKeys } from "./access-tokens";

/** Its own audience and type: neither is it taken for an access token, nor an access token for it. */
const audience = "shop-verify-email";
const typ = "verify-email+jwt";

/** Signed with the keys of the access tokens; a key that is taken out of use has to stay published for a day after it. */
export async function verificationTokens(o: {
  issuer: string;
  keys: SigningKeys;
  publicKeys: PublicKeys;
  clock: Clock;
}): Promise<VerificationTokens> {
  const [signing] = o.keys;
  const key = await importJWK(signing, "ES256");
  const known = createLocalJWKSet(o.publicKeys);

  return {
    async sign({ id, email }) {
      const expiresAt = plusSeconds(o.clock.now(), verificationLifetimeSeconds);
      const token = await new SignJWT({ email: hashOf(sameEmail(email)) })
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
      const { payload } = await jwtVerify(token, known, {
        ...{ issuer: o.issuer, audience, typ, algorithms: ["ES256"] },
        requiredClaims: ["sub", "exp", "email"],
        currentDate: o.clock.now(),
      }).catch((error) => {
        throw error instanceof errors.JWTExpired ? verificationExpired() : verificationInvalid();
      });
      return { userId: payload.sub as string, isFor: (email) => payload.email === hashOf(sameEmail(email)) };
    },
  };
}
