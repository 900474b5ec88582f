import { join } from "node:path";
import { addressLimit } from "./address-limit";
import { clusters, type Upstream } from "./clusters";
import { type Document, documents } from "./documents/documents";
import { localReplies } from "./local-replies";
import { metricsRequest, readyRequest } from "./ops-requests";
import { routeConfig } from "./routing/route-config";
import { strippedHeaders } from "./stripped-headers";
import { accessLog, tracing, usedStats } from "./telemetry";
import { fillTemplate } from "./template";

/** What differs between platforms. Everything else about the edge is the same everywhere. */
export type EdgeOptions = {
  /** The folder in which Envoy finds its configuration, as Envoy sees it. */
  configDir: string;
  /** The folder in which Envoy finds the documents. Default: `configDir`, and `renderEnvoy` writes them there. */
  documentsDir?: string;
  ports: { edge: number; admin: number; ops: number };
  /** The `iss` claim of the access tokens that the edge accepts. */
  issuer: string;
  /** The origins whose pages may call the API, e.g. `https://shop.example`. */
  allowedOrigins: string[];
  /** Requests per client address. Default: 2,000 a second, and 30 a minute on each route that is `limited` (routes.ts). */
  limits?: { perAddressPerSecond?: number; authPerMinute?: number };
  /**
   * The number of proxies in front, for example 1 behind a gateway that terminates TLS. Each must append the address of
   * its client to `X-Forwarded-For`, and clients must not be able to reach the edge without passing them. Default: 0.
   */
  trustedProxies?: number;
  discovery: Discovery;
  /** The file to which Envoy writes a line for each request. */
  accessLogPath: string;
  /** The percentage of traces that Envoy sends to the collector. Default: 0. */
  traceSamplePercent?: number;
};

/** How Envoy finds the instances of an upstream: the type of its cluster and the fields that belong to that type. */
export type Discovery = (upstream: Upstream) => ({ type: string } | { cluster_type: object }) & Record<string, unknown>;

/** The contents of Envoy's configuration files. */
export type EdgeConfig = {
  bootstrap: Record<string, unknown>;
  listener: object;
  routes: object;
  clusters: object[];
  documents: Document[];
};

export function edgeConfig(o: EdgeOptions): EdgeConfig {
  const values = {
    DIR: o.configDir,
    EDGE_PORT: o.ports.edge,
    ADMIN_PORT: o.ports.admin,
    OPS_PORT: o.ports.ops,
    READY_REQUEST: readyRequest,
    METRICS_REQUEST: metricsRequest,
    USED_STATS: usedStats,
    ISSUER: o.issuer,
    MAX_HEAP_BYTES: 512 * 1024 * 1024,
    MAX_CONNECTIONS: 10_000,
    TRUSTED_PROXIES: o.trustedProxies ?? 0,
    STRIPPED_REQUEST_HEADERS: strippedHeaders,
    LOCAL_REPLIES: localReplies,
    TRACING: tracing(o.traceSamplePercent ?? 0),
    ACCESS_LOG: accessLog(o.accessLogPath),
    ADDRESS_LIMIT: addressLimit({ name: "address", count: o.limits?.perAddressPerSecond ?? 2_000, seconds: 1 }),
  };
  const files = documents();
  return {
    bootstrap: fillTemplate("bootstrap.yaml", values),
    listener: fillTemplate("listener.yaml", values),
    routes: routeConfig({
      allowedOrigins: o.allowedOrigins,
      authPerMinute: o.limits?.authPerMinute ?? 30,
      documents: files.map((document) => ({
        ...document,
        filename: join(o.documentsDir ?? o.configDir, document.file),
      })),
    }),
    clusters: [...clusters].map(([name, upstream]) => cluster(name, o.discovery(upstream))),
    documents: files,
  };
}

const cluster = (name: string, discovery: ReturnType<Discovery>) =>
  fillTemplate("clusters.yaml", { CLUSTER: name, DISCOVERY: discovery });
