/**
 * All services of the shop. Ports, databases, queues, and the lists of the launcher, tools and tests are derived from this table:
 * a new service is a new folder and one line here. This file imports nothing, so that any tool can read it.
 */
export const services = {
  user: { port: 3001, store: "postgres", database: "users", queue: undefined },
  order: { port: 3002, store: "mongo", database: "orders", queue: "order" },
  payment: { port: 3003, store: "postgres", database: "payments", queue: "payment" },
  inventory: { port: 3004, store: "postgres", database: "inventory", queue: "inventory" },
  notification: { port: 3005, store: "postgres", database: "notifications", queue: "notification" },
} as const satisfies Record<string, ServiceEntry>;

type ServiceEntry = {
  /** The first instance's port in development, before `PORT_OFFSET`. */
  port: number;
  store: "postgres" | "mongo";
  /** The database in that store; each service has its own. */
  database: string;
  /** The BullMQ queue that the service consumes, named as the service; undefined if it receives no messages. */
  queue: string | undefined;
};

export type ServiceName = keyof typeof services;
export type SqlServiceName = {
  [S in ServiceName]: (typeof services)[S]["store"] extends "postgres" ? S : never;
}[ServiceName];
export type QueueName = Exclude<(typeof services)[ServiceName]["queue"], undefined>;

export const serviceNames = Object.keys(services) as ServiceName[];

/** The services whose store is PostgreSQL. */
export const sqlServiceNames = serviceNames.filter(
  (name): name is SqlServiceName => services[name].store === "postgres",
);

export const queueNames: QueueName[] = serviceNames.flatMap((name) => services[name].queue ?? []);
