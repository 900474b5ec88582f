import { Integer } from "@shop/contracts/common";
import { accessEnv, commonEnv, mongoEnv, readConfig, retentionDaysEnv, urlEnv } from "@shop/kit/config";
import { t } from "elysia";

const schema = t.Object({
  ...commonEnv,
  ...accessEnv,
  ORDER_MONGO_URL: mongoEnv,
  USER_URL: urlEnv,
  INVENTORY_URL: urlEnv,
  /** While this many orders are in progress, new orders are refused. */
  MAX_ORDERS_UNDER_WAY: t.Integer({ minimum: 1, default: 10_000 }),
  /** How long a saga waits for the reply to a step before it compensates or is parked. */
  SAGA_ANSWER_LIMIT_SECONDS: t.Integer({ minimum: 1, default: 600 }),
  /** Orders are removed if they have not changed for this long and no saga of theirs continues. Kept for ever if not set. */
  ORDER_RETENTION_DAYS: retentionDaysEnv,
  /** The public JWK of the payment service, which encrypts payment tokens. */
  PAYMENT_SEAL_PUBLIC_KEY: t.String({ minLength: 1 }),
  /** How long an order without a payment method holds its stock. */
  PAYMENT_HOLD_SECONDS: Integer({ minimum: 1, default: 900 }),
  /** How many payments of one order may fail before the order is cancelled. */
  PAYMENT_ATTEMPTS: Integer({ minimum: 1, maximum: 10, default: 1 }),
});

export const config = (env: Record<string, string | undefined>) => readConfig(schema, env);
