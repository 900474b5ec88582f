import type { Ports, Service } from "./ports";
import type { Secrets } from "./secrets";

/** The services whose store is PostgreSQL, and their databases. */
export const databases = {
  user: "users",
  payment: "payments",
  inventory: "inventory",
  notification: "notifications",
} as const;
export type SqlService = keyof typeof databases;
export const sqlServices = Object.keys(databases) as SqlService[];

export function isSql(service: Service): service is SqlService {
  return service in databases;
}

/** Where each service finds its stores, and whether a store is ours to start or comes from outside. */
export type StoreUrls = {
  sql: Record<SqlService, { app: string; owner: string; external: boolean }>;
  mongo: { order: string; root: string; external: boolean };
  redis: { of: (service: Service) => string; admin: string; external: boolean };
  postgresRoot: string;
};

/**
 * `<SVC>_DATABASE_URL` (with `<SVC>_MIGRATION_URL`), `ORDER_MONGO_URL` and `REDIS_URL` in the environment replace the
 * embedded stores, each by itself.
 */
export function storeUrls(ports: Ports, secrets: Secrets, env: Record<string, string | undefined>): StoreUrls {
  const sql = Object.fromEntries(
    sqlServices.map((service) => {
      const outside = env[`${service.toUpperCase()}_DATABASE_URL`];
      const outsideOwner = env[`${service.toUpperCase()}_MIGRATION_URL`] ?? outside;
      if (outside && outsideOwner) return [service, { app: outside, owner: outsideOwner, external: true }];
      return [service, { ...sqlUrls(ports, secrets, service, databases[service]), external: false }];
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
export function sqlUrls(ports: Ports, secrets: Secrets, service: SqlService, database: string) {
  const url = (role: "app" | "owner") =>
    `postgres://${service}_${role}:${secrets.stores[service][role]}@127.0.0.1:${ports.postgres}/${database}`;
  return { app: url("app"), owner: url("owner") };
}
