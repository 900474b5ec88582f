import { accessEnv, commonEnv, InvalidEnvironment, postgresEnv, readConfig } from "@shop/kit/config";
import { t } from "elysia";
import { parseSigningKeys } from "./security/signing-keys";

/** The connections of one instance to PostgreSQL, at most. A test multiplies them by the instances in Kubernetes. */
export const connectionsMax = 10;

const schema = t.Object({
  ...commonEnv,
  ISSUER_URL: accessEnv.ISSUER_URL,
  USER_DATABASE_URL: postgresEnv,
  /** A private JWK set. The first key signs; the public halves of all keys are published. */
  USER_SIGNING_KEYS: t.String({ minLength: 1 }),
});

/** @throws Error that names every invalid variable and never prints a value */
export function config(env: Record<string, string | undefined>) {
  const known = readConfig(schema, env);
  const keys = parseSigningKeys(known.USER_SIGNING_KEYS);
  if (!keys)
    throw new InvalidEnvironment(
      new Map([["USER_SIGNING_KEYS", "Expected a JWK set of private P-256 keys, each with a unique kid"]]),
    );
  return { ...known, USER_SIGNING_KEYS: keys };
}
