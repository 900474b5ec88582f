import {
  type ServiceName,
  type SqlServiceName,
  services,
  sqlServiceNames,
} from "../../../services/_contracts/services";
import type { Ports } from "../config/ports";
import type { Secrets } from "../config/secrets";

export function isSql(service: ServiceName): service is SqlServiceName {
  return services[service].store === "postgres";
}

/** Where each service finds its stores, and whether a store is ours to start or comes from outside. */
export type StoreUrls = {
  sql: Record<SqlServiceName, { app: string; owner: string; external: boolean }>;
  mongo: { order: string; root: string; external: boolean };
  redis: { of: (service: ServiceName) => string; admin: string; external: boolean };
  postgresRoot: string;
};

/**
 * `<SVC>_DATABASE_URL` (with `<SVC>_MIGRATION_URL`), `ORDER_MONGO_URL` and `REDIS_URL` in the environment replace the
 * embedded stores, each by itself.
 */
export function storeUrls(ports: Ports, secrets: Secrets, env: Record<string, string | undefined>): StoreUrls {
  const sql = Object.fromEntries(
    sqlServiceNames.map((service) => {
      const outside = env[`${service.toUpperCase()}_DATABASE_URL`];
      const outsideOwner = env[`${service.toUpperCase()}_MIGRATION_URL`] ?? outside;
      if (outside && outsideOwner) return [service, { app: outside, owner: outsideOwner, external: true }];
      return [service, { ...sqlUrls(ports, secrets, service, services[service].database), external: false }];
    }),
  ) as StoreUrls["sql"];
  const mongo = (user: string, password: string, database: string) =>
    `mongodb://${user}:${password}@127.0.0.1:${ports.mongo}/${database}?replicaSet=rs0&authSource=admin`;
  const redis = (user: string, password: string) =>
    env.REDIS_URL ?? `redis://${user}:${password}@127.0.0.1:${ports.redis}`;
  return {
    sql,
    mongo: {
      order: env.ORDER_MONGO_URL ?? mongo("order", secrets.stores.order.app, "orders"),
      root: env.ORDER_MONGO_URL ?? mongo("root", secrets.mongoRoot, "admin"),
      external: env.ORDER_MONGO_URL !== undefined,
    },
    redis: {
      of: (service) => redis(service, secrets.stores[service].redis),
      admin: redis("admin", secrets.redisAdmin),
      external: env.REDIS_URL !== undefined,
    },
    postgresRoot: `postgres://postgres:${secrets.postgresRoot}@127.0.0.1:${ports.postgres}/postgres`,
  };
}

/** URLs of one database for a service's two roles. */
export function sqlUrls(ports: Ports, secrets: Secrets, service: SqlServiceName, database: string) {
  const url = (role: "app" | "owner") =>
    `postgres://${service}_${role}:${secrets.stores[service][role]}@127.0.0.1:${ports.postgres}/${database}`;
  return { app: url("app"), owner: url("owner") };
}
