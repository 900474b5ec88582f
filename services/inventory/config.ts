import { accessEnv, commonEnv, postgresEnv, readConfig, retentionDaysEnv } from "@shop/kit/config";
import { t } from "elysia";

const schema = t.Object({
  ...commonEnv,
  ...accessEnv,
  INVENTORY_DATABASE_URL: postgresEnv,
  /** What was sold so long ago can no longer be returned by a cancel; kept for ever unless set. */
  RESERVATION_RETENTION_DAYS: retentionDaysEnv,
});

export const config = (env: Record<string, string | undefined>) => readConfig(schema, env);
