import { jwt } from "@elysiajs/jwt";
import { importJWK, type JSONWebKeySet, type JWK } from "jose";
import type { Account } from "./domain/account";
import { accessLifetimeSeconds } from "./domain/session";

/**
 * Signs access tokens with the first of the keys and publishes the public halves of all. A key is changed by adding the
 * new one at the end, and moving it to the front once every verifier has seen it.
 */
export async function accessTokenIssuer(o: { issuer: string; privateKeys: { keys: JWK[] } }) {
  const [signing] = o.privateKeys.keys;
  if (!signing?.kid) throw new Error("USER_SIGNING_KEYS holds no key with a kid");
  const { sign } = jwt({
    name: "jwt",
    alg: "ES256",
    kid: signing.kid,
    secret: (await importJWK(signing, "ES256")) as CryptoKey,
    iss: o.issuer,
    aud: "shop-api",
    exp: `${accessLifetimeSeconds}s`,
  }).decorator.jwt;
  const publicKeys: JSONWebKeySet = {
    keys: o.privateKeys.keys.map(({ kty, crv, x, y, kid }) => ({
      kty: kty ?? "EC",
      crv,
      x,
      y,
      kid,
      alg: "ES256",
      use: "sig",
    })),
  };

  return {
    publicKeys,
    signAccess: ({ id, roles, permissions }: Account): Promise<string> =>
      sign({ sub: id, jti: crypto.randomUUID(), roles, permissions } as unknown as Parameters<typeof sign>[0]),
  };
}
