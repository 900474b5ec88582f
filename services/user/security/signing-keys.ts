import type { JSONWebKeySet, JWK } from "jose";

type SigningKey = { kty: "EC"; crv: "P-256"; kid: string; x: string; y: string; d: string };

/** The first key signs. All of them are published. */
export type SigningKeys = [SigningKey, ...SigningKey[]];
export type PublicKeys = ReturnType<typeof toPublicKeys>;

/**
 * Parses a private JWK set.
 * @returns undefined if it is invalid. There is no error, because the JSON parser's message would contain part of a key.
 */
export function parseSigningKeys(json: string): SigningKeys | undefined {
  try {
    const { keys } = JSON.parse(json) as { keys: JWK[] };
    const [first, ...others] = keys.filter(isSigningKey);
    const kids = new Set(keys.map((key) => key.kid));
    return first && others.length === keys.length - 1 && kids.size === keys.length ? [first, ...others] : undefined;
  } catch {
    return undefined;
  }
}

/** The JWK set of the public halves, as published at `/.well-known/jwks.json`. */
export const toPublicKeys = (keys: SigningKeys) =>
  ({
    keys: keys.map(({ kty, crv, x, y, kid }) => ({ kty, crv, x, y, kid, alg: "ES256", use: "sig" })),
  }) satisfies JSONWebKeySet;

const isSigningKey = (key: JWK): key is SigningKey =>
  key.kty === "EC" &&
  key.crv === "P-256" &&
  [key.kid, key.x, key.y, key.d].every((part) => typeof part === "string" && part !== "");
