import { accessEnv, commonEnv, postgresEnv, readConfig, retentionDaysEnv } from "@shop/kit/config";
import { t } from "elysia";

/** The connections of one instance to PostgreSQL, at most. A test multiplies them by the instances in Kubernetes. */
export const connectionsMax = 16;

const schema = t.Object({
  ...commonEnv,
  ...accessEnv,
  INVENTORY_DATABASE_URL: postgresEnv,
  /** Sold holds are removed after this time; cancelling their orders then returns no stock. Kept for ever if not set. */
  RESERVATION_RETENTION_DAYS: retentionDaysEnv,
});

export const config = (env: Record<string, string | undefined>) => readConfig(schema, env);
