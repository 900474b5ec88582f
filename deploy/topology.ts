import { type Method, routes } from "../envoy/routes";
import { type ServiceName, serviceNames, services } from "../services/_contracts/services";

/**
 * Who opens connections to whom. The NetworkPolicies and the resources of the mesh are generated from this table
 * (deploy/mesh/generate.ts), and tests/instances/topology.test.ts compares it with the connections of a running stack.
 */
export type Connection = {
  from: Party;
  to: Party;
  port: number;
  /** The requests that `from` may send. Undefined: any, or the protocol is not HTTP. */
  requests?: Request[];
  /** Why a stack in development has no such connection. Undefined: a test must see it. */
  notInDevelopment?: string;
};

/** What this project deploys. It has no connections but those in the table. */
export type Program = ServiceName | "edge" | "ops" | `${ServiceName}-migration`;
export type Store = "postgres" | "mongo" | "redis";
export type Provider = "stripe" | "smtp";
/** What belongs to the cluster. `gateway` takes the clients' connections. */
type Platform = "gateway" | "prometheus" | "collector" | "dns";
export type Party = Program | Store | Provider | Platform;

/** `{…}` in a path stands for one segment. */
export type Request = { method: Method; path: string };

export const migrationOf = (service: ServiceName) => `${service}-migration` as const;
export const programs: Program[] = [...serviceNames, "edge", "ops", ...serviceNames.map(migrationOf)];
export const stores: Store[] = ["postgres", "mongo", "redis"];

/** The ports in containers and clusters. Development has others (deploy/local/config/ports.ts). */
export const ports = {
  service: 3000,
  edge: 8080,
  edgeOperations: 9902,
  postgres: 5432,
  mongo: 27017,
  redis: 6379,
  collector: 4318,
  stripe: 443,
  smtp: 587,
  dns: 53,
};

const get = (path: string): Request => ({ method: "GET", path });
/** The keys that verify access tokens. The user service has them without a request. */
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
const publicRequests = (service: ServiceName): Request[] =>
  routes
    .filter((route) => route.service === service)
    .flatMap(({ path, public: open = [], token = [] }) => [...open, ...token].map((method) => ({ method, path })));

const toStore = <P extends Program>(from: P, store: Store) => ({ from, to: store, port: ports[store] });

export const connections: Connection[] = [
  ...calls.map((call) => ({ ...call, port: ports.service })),
  ...serviceNames.map((service) => ({
    from: "edge" as const,
    to: service,
    port: ports.service,
    requests: publicRequests(service),
  })).filter(({ requests }) => requests.length > 0),

  ...serviceNames.map((service) => toStore(service, services[service].store)),
  // Also services without a queue: they publish messages, and user counts logins.
  ...serviceNames.map((service) => toStore(service, "redis")),
  ...[...serviceNames, "edge" as const].map((from) => ({ from, to: "collector" as const, port: ports.collector })),

  { from: "payment", to: "stripe", port: ports.stripe },
  { from: "notification", to: "smtp", port: ports.smtp },

  ...serviceNames.map((service) => ({
    ...toStore(migrationOf(service), services[service].store),
    notInDevelopment: "a migration ends before the stack is ready",
  })),
  ...stores.map((store) => ({
    ...toStore("ops", store),
    notInDevelopment: "an operator starts it",
  })),
  ...[
    { from: "gateway" as const, to: "edge" as const, port: ports.edge },
    ...serviceNames.map((to) => ({ from: "prometheus" as const, to, port: ports.service, requests: [get("/metrics")] })),
    { from: "prometheus" as const, to: "edge" as const, port: ports.edgeOperations, requests: [get("/stats/prometheus")] },
    ...programs.map((from) => ({ from, to: "dns" as const, port: ports.dns })),
  ].map((row) => ({ ...row, notInDevelopment: "it belongs to the cluster" })),
];
