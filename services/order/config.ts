import { Integer } from "@shop/contracts/common";
import { accessEnv, commonEnv, readConfig, retentionDaysEnv, urlEnv } from "@shop/kit/config";
import { t } from "elysia";

const schema = t.Object({
  ...commonEnv,
  ...accessEnv,
  ORDER_MONGO_URL: t.String({ pattern: "^mongodb(\\+srv)?://" }),
  USER_URL: urlEnv,
  INVENTORY_URL: urlEnv,
  /** With so many orders on their way, new ones are refused until some are done. */
  MAX_ORDERS_UNDER_WAY: t.Integer({ minimum: 1, default: 10_000 }),
  /** For how long a step's answer is waited for, before its saga turns round or is parked. */
  SAGA_ANSWER_LIMIT_SECONDS: t.Integer({ minimum: 1, default: 600 }),
  /** Orders that ended so long ago are removed; kept for ever unless set. */
  ORDER_RETENTION_DAYS: retentionDaysEnv,
  /** JWK that payment holds the private half of. */
  PAYMENT_SEAL_PUBLIC_KEY: t.String({ minLength: 1 }),
  /** How long an order without a payment method holds its stock. */
  PAYMENT_HOLD_SECONDS: Integer({ minimum: 1, default: 900 }),
  /** How many payments may fail before the order is cancelled. */
  PAYMENT_ATTEMPTS: Integer({ minimum: 1, maximum: 10, default: 1 }),
});

export const config = (env: Record<string, string | undefined>) => readConfig(schema, env);
