import { accessEnv, commonEnv, postgresEnv, readConfig } from "@shop/kit/config";
import { t } from "elysia";
import { signingKeys } from "./security/access-tokens";

const schema = t.Object({
  ...commonEnv,
  ISSUER_URL: accessEnv.ISSUER_URL,
  USER_DATABASE_URL: postgresEnv,
  /** Private JWK set; the first key signs, all are published. */
  USER_SIGNING_KEYS: t.String({ minLength: 1 }),
});

/** @throws Error that names what is wrong with the environment and never prints a value */
export function config(env: Record<string, string | undefined>) {
  const known = readConfig(schema, env);
  const keys = signingKeys(known.USER_SIGNING_KEYS);
  if (!keys)
    throw new Error(
      "The environment is not usable:\n  USER_SIGNING_KEYS: Expected a JWK set of private P-256 keys, each with a kid of its own",
    );
  return { ...known, USER_SIGNING_KEYS: keys };
}
