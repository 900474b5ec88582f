import { accessEnv, commonEnv, postgresEnv, readConfig } from "@shop/kit/config";
import { t } from "elysia";

const schema = t.Object({
  ...commonEnv,
  ...accessEnv,
  INVENTORY_DATABASE_URL: postgresEnv,
});

export const config = (env: Record<string, string | undefined>) => readConfig(schema, env);
