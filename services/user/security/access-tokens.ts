import { jwt } from "@elysiajs/jwt";
import { importJWK } from "jose";
import type { SignAccess } from "../deps";
import { accessLifetimeSeconds } from "../domain/session";
import type { SigningKeys } from "./signing-keys";

/**
 * Signs access tokens with the first key. To rotate keys, append the new key, wait until every verifier has fetched
 * it, then move it to the front.
 */
export async function accessTokenSigner(o: { issuer: string; keys: SigningKeys }): Promise<SignAccess> {
  const [signing] = o.keys;
  const { sign } = jwt({
    name: "jwt",
    alg: "ES256",
    kid: signing.kid,
    secret: (await importJWK(signing, "ES256")) as CryptoKey,
    iss: o.issuer,
    aud: "shop-api",
    exp: `${accessLifetimeSeconds}s`,
  }).decorator.jwt;

  // The package's types accept claims that are strings or numbers only; the token itself holds any JSON.
  return ({ id, roles, permissions }) =>
    sign({ sub: id, jti: crypto.randomUUID(), roles, permissions } as unknown as Parameters<typeof sign>[0]);
}
