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

/** `host:port` of each store, as the services reach it. */
export type StoreAddresses = { postgres: string; mongo: string; redis: string };

/** The addresses of the embedded stores of a stack. */
export const embeddedAddresses = (ports: Ports): StoreAddresses => ({
  postgres: `127.0.0.1:${ports.postgres}`,
  mongo: `127.0.0.1:${ports.mongo}`,
  redis: `127.0.0.1:${ports.redis}`,
});

/** The URLs of each service's stores. An external store comes from the environment; the others are embedded. */
export type StoreUrls = {
  sql: Record<SqlServiceName, { app: string; owner: string; external: boolean }>;
  mongo: { order: string; root: string; external: boolean };
  redis: { forService: (service: ServiceName) => string; admin: string; external: boolean };
  postgresRoot: string;
};

/**
 * Each of `<SVC>_DATABASE_URL` (with `<SVC>_MIGRATION_URL`), `ORDER_MONGO_URL` and `REDIS_URL` in the environment
 * replaces one embedded store.
 */
export function storeUrls(
  addresses: StoreAddresses,
  secrets: Secrets,
  env: Record<string, string | undefined> = {},
): StoreUrls {
  const sql = Object.fromEntries(
    sqlServiceNames.map((service) => {
      const url = env[`${service.toUpperCase()}_DATABASE_URL`];
      const ownerUrl = env[`${service.toUpperCase()}_MIGRATION_URL`] ?? url;
      if (url && ownerUrl) return [service, { app: url, owner: ownerUrl, external: true }];
      return [service, { ...sqlUrls(addresses, secrets, service, services[service].database), external: false }];
    }),
  ) as StoreUrls["sql"];
  const mongo = (user: string, password: string, database: string) =>
    `mongodb://${user}:${password}@${addresses.mongo}/${database}?replicaSet=rs0&authSource=admin`;
  const redis = (user: string, password: string) => env.REDIS_URL ?? `redis://${user}:${password}@${addresses.redis}`;
  return {
    sql,
    mongo: {
      order: env.ORDER_MONGO_URL ?? mongo("order", secrets.stores.order.app, "orders"),
      root: env.ORDER_MONGO_URL ?? mongo("root", secrets.mongoRoot, "admin"),
      external: env.ORDER_MONGO_URL !== undefined,
    },
    redis: {
      forService: (service) => redis(service, secrets.stores[service].redis),
      admin: redis("admin", secrets.redisAdmin),
      external: env.REDIS_URL !== undefined,
    },
    postgresRoot: `postgres://postgres:${secrets.postgresRoot}@${addresses.postgres}/postgres`,
  };
}

/** The URLs of a database for a service's two roles. */
export function sqlUrls(addresses: StoreAddresses, secrets: Secrets, service: SqlServiceName, database: string) {
  const url = (role: "app" | "owner") =>
    `postgres://${service}_${role}:${secrets.stores[service][role]}@${addresses.postgres}/${database}`;
  return { app: url("app"), owner: url("owner") };
}
