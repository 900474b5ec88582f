import { accessEnv, commonEnv, postgresEnv, readConfig, retentionDaysEnv, urlEnv } from "@shop/kit/config";
import { t } from "elysia";

/** The connections of one instance to PostgreSQL, at most. A test multiplies them by the instances in Kubernetes. */
export const connectionsMax = 20;

const schema = t.Object({
  ...commonEnv,
  ...accessEnv,
  PAYMENT_DATABASE_URL: postgresEnv,
  ORDER_URL: urlEnv,
  /** Payments that ended longer ago than this are removed, with their calls. Kept for ever if not set. */
  PAYMENT_RETENTION_DAYS: retentionDaysEnv,
  /** A JWK. Order and this service seal payment tokens with its public half. */
  PAYMENT_SEAL_PRIVATE_KEY: t.String({ minLength: 1 }),
  STRIPE_SECRET_KEY: t.String({ pattern: "^(sk|rk)_" }),
  /** The address of the Stripe API outside production. In production it is always Stripe's own. */
  STRIPE_API_URL: t.Optional(urlEnv),
});

/** @throws Error in production if STRIPE_API_URL is set or STRIPE_SECRET_KEY is a test key */
export function config(env: Record<string, string | undefined>) {
  const parsed = readConfig(schema, env);
  if (parsed.APP_ENV === "production") {
    if (parsed.STRIPE_API_URL) throw new Error("STRIPE_API_URL must not be set in production.");
    if (/^(sk|rk)_test_/.test(parsed.STRIPE_SECRET_KEY)) throw new Error("STRIPE_SECRET_KEY is a test key.");
  }
  return parsed;
}
