import { type Method, routes } from "../envoy/routes";
import { type ServiceName, serviceNames, services } from "../services/_contracts/services";

/**
 * Who opens connections to whom. The NetworkPolicies and the rules of the mesh are generated from this table
 * (deploy/mesh/generate.ts), and tests/instances/topology.test.ts compares it with the connections of a running stack.
 */
export type Connection = {
  from: Party;
  to: Party;
  port: number;
  /** The requests that `from` may send. Undefined: any request, or the protocol is not HTTP. */
  requests?: Request[];
  /** Why a stack in development has no such connection. Undefined: the test must see it. */
  notInDevelopment?: string;
};

/** What the shop deploys. It opens no connection that is not in the table. */
export type Program = ServiceName | "edge" | "ops" | Migration;
export type Migration = `${ServiceName}-migration`;
/** `user-db` is the database of the user service, in whatever store that service has. */
export type Store = `${ServiceName}-db` | "redis";
/** Outside of the cluster. */
export type Provider = "stripe" | "smtp";
/** Belongs to the cluster. Clients come through the `gateway`; `keda` scales services by the lengths of their queues. */
export type Platform = "gateway" | "prometheus" | "keda" | "collector" | "dns";
export type Party = Program | Store | Provider | Platform;

/** `{…}` in a path stands for one segment. */
export type Request = { method: Method; path: string };

const migrationOf = (service: ServiceName): Migration => `${service}-migration`;
const databaseOf = (service: ServiceName): Store => `${service}-db`;

export const programs: Program[] = [...serviceNames, "edge", "ops", ...serviceNames.map(migrationOf)];
export const stores: Store[] = [...serviceNames.map(databaseOf), "redis"];

/** The ports in containers. Development has others (deploy/local/config/ports.ts). */
export const ports = {
  service: 3000,
  edge: 8080,
  edgeOperations: 9902,
  postgres: 5432,
  mongo: 27017,
  redis: 6379,
  collector: 4318,
  https: 443,
  smtp: 587,
  dns: 53,
};

export const portOf = (store: Store): number =>
  store === "redis" ? ports.redis : ports[services[store.replace(/-db$/, "") as ServiceName].store];

const get = (path: string): Request => ({ method: "GET", path });
/** The keys that verify access tokens. */
const publicKeys = get("/.well-known/jwks.json");

const calls: { from: ServiceName; to: ServiceName; requests: Request[] }[] = [
  { from: "order", to: "user", requests: [get("/internal/users/{id}"), publicKeys] },
  { from: "order", to: "inventory", requests: [get("/internal/products")] },
  { from: "payment", to: "order", requests: [get("/internal/orders/payable")] },
  { from: "payment", to: "user", requests: [publicKeys] },
  { from: "inventory", to: "user", requests: [publicKeys] },
  {
    from: "notification",
    to: "user",
    requests: [get("/internal/users/{id}"), get("/internal/users/{id}/email-verification")],
  },
];

/** The requests that the edge forwards to a service. */
const forwarded = (service: ServiceName): Request[] =>
  routes
    .filter((route) => route.service === service)
    .flatMap(({ path, public: open = [], token = [] }) => [...open, ...token].map((method) => ({ method, path })));

const toStore = (from: Party, store: Store): Connection => ({ from, to: store, port: portOf(store) });

const inDevelopment: Connection[] = [
  ...serviceNames
    .filter((service) => forwarded(service).length > 0)
    .map((to): Connection => ({ from: "edge", to, port: ports.service, requests: forwarded(to) })),
  ...calls.map((call) => ({ ...call, port: ports.service })),
  ...serviceNames.map((service) => toStore(service, databaseOf(service))),
  // Services without a queue too: they publish messages.
  ...serviceNames.map((service) => toStore(service, "redis")),
  ...[...serviceNames, "edge" as const].map((from): Connection => ({ from, to: "collector", port: ports.collector })),
  { from: "payment", to: "stripe", port: ports.https },
  { from: "notification", to: "smtp", port: ports.smtp },
];

const migrations = serviceNames.map((service) => toStore(migrationOf(service), databaseOf(service)));

/** Notification sends no messages, so `ops` has nothing to look at in its database. */
const inspected = stores.filter((store) => store !== "notification-db");

/** Both read metrics: Prometheus, and the collector where metrics leave the cluster. */
export const scrapers: Platform[] = ["prometheus", "collector"];

const inClusters: Connection[] = [
  { from: "gateway", to: "edge", port: ports.edge },
  ...scrapers.flatMap((from) => [
    { from, to: "edge" as const, port: ports.edgeOperations, requests: [get("/stats/prometheus")] },
    ...serviceNames.map((to) => ({ from, to, port: ports.service, requests: [get("/metrics")] })),
  ]),
  toStore("keda", "redis"),
  ...programs.map((from): Connection => ({ from, to: "dns", port: ports.dns })),
];

export const connections: Connection[] = [
  ...inDevelopment,
  ...migrations.map((row) => ({ ...row, notInDevelopment: "a migration ends before the services start" })),
  ...inspected.map((store) => ({ ...toStore("ops", store), notInDevelopment: "an operator starts it" })),
  ...inClusters.map((row) => ({ ...row, notInDevelopment: "it belongs to the cluster" })),
];
