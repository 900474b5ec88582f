import { accessEnv, commonEnv, postgresEnv, readConfig } from "@shop/kit/config";
import { t } from "elysia";

const schema = t.Object({
  ...commonEnv,
  ISSUER_URL: accessEnv.ISSUER_URL,
  USER_DATABASE_URL: postgresEnv,
  /** Private JWK set; the first key signs, all are published. */
  USER_SIGNING_KEYS: t.String({ minLength: 1 }),
});

export const config = (env: Record<string, string | undefined>) => readConfig(schema, env);
