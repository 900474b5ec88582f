import { jwt } from "@elysiajs/jwt";
import { importJWK, type JSONWebKeySet, type JWK } from "jose";
import type { Account } from "../domain/account";
import { accessLifetimeSeconds } from "../domain/session";

type SigningKey = { kty: "EC"; crv: "P-256"; kid: string; x: string; y: string; d: string };

export type SigningKeys = [SigningKey, ...SigningKey[]];

const isSigningKey = (key: JWK): key is SigningKey =>
  key.kty === "EC" &&
  key.crv === "P-256" &&
  [key.kid, key.x, key.y, key.d].every((part) => typeof part === "string" && part !== "");

/** The keys of a private JWK set; undefined where it is not one. The parser's own message would print part of a key. */
export function signingKeys(json: string): SigningKeys | undefined {
  try {
    const { keys } = JSON.parse(json) as { keys: JWK[] };
    const [first, ...others] = keys.filter(isSigningKey);
    const kids = new Set(keys.map((key) => key.kid));
    return first && others.length === keys.length - 1 && kids.size === keys.length ? [first, ...others] : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Signs access tokens with the first of the keys and publishes the public halves of all. A key is changed by adding the
 * new one at the end, and moving it to the front once every verifier has seen it.
 */
export async function accessTokenIssuer(o: { issuer: string; keys: SigningKeys }) {
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
  const publicKeys = {
    keys: o.keys.map(({ kty, crv, x, y, kid }) => ({ kty, crv, x, y, kid, alg: "ES256", use: "sig" })),
  } satisfies JSONWebKeySet;

  return {
    publicKeys,
    // The package's types allow claims that are strings and numbers only; the token takes any JSON.
    signAccess: ({ id, roles, permissions }: Account): Promise<string> =>
      sign({ sub: id, jti: crypto.randomUUID(), roles, permissions } as unknown as Parameters<typeof sign>[0]),
  };
}

export type PublicKeys = Awaited<ReturnType<typeof accessTokenIssuer>>["publicKeys"];
