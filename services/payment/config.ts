import { accessEnv, commonEnv, postgresEnv, readConfig, retentionDaysEnv, urlEnv } from "@shop/kit/config";
import { t } from "elysia";

const schema = t.Object({
  ...commonEnv,
  ...accessEnv,
  PAYMENT_DATABASE_URL: postgresEnv,
  ORDER_URL: urlEnv,
  /** Payments that ended so long ago are removed, with their calls; kept for ever unless set. */
  PAYMENT_RETENTION_DAYS: retentionDaysEnv,
  /** JWK whose public half payment tokens are sealed with, by order and here. */
  PAYMENT_SEAL_PRIVATE_KEY: t.String({ minLength: 1 }),
  STRIPE_SECRET_KEY: t.String({ pattern: "^(sk|rk)_" }),
  /** Where the Stripe API is. Only outside production; there it is Stripe's own. */
  STRIPE_API_URL: t.Optional(urlEnv),
});

/** @throws Error when production is pointed at anything but the provider itself, or given a test key */
export function config(env: Record<string, string | undefined>) {
  const parsed = readConfig(schema, env);
  if (parsed.APP_ENV === "production") {
    if (parsed.STRIPE_API_URL) throw new Error("STRIPE_API_URL must not be set in production.");
    if (/^(sk|rk)_test_/.test(parsed.STRIPE_SECRET_KEY)) throw new Error("STRIPE_SECRET_KEY is a test key.");
  }
  return parsed;
}
