import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addressLimit } from "./address-limit";
import { type Document, documents } from "./documents";
import { localReplies } from "./local-replies";
import { routeConfig } from "./route-config";
import { clusterName, routedServices, routes } from "./routes";
import { strippedHeaders } from "./stripped-headers";
import { accessLog, tracing } from "./telemetry";

/** Envoy has each of these clusters, whether or not its service has instances. */
const clusters = new Map<string, string>([
  ...routes.map((route): [string, string] => [clusterName(route), route.service]),
  ["collector", "collector"],
]);

type EnvoyOptions = {
  outDir: string;
  ports: {
    edge: number;
    admin: number;
    user: number;
    order: number;
    payment: number;
    inventory: number;
    notification: number;
  };
  /** `iss` of the access tokens the edge accepts. */
  issuer: string;
  /** Origins whose pages may call the API, e.g. `https://shop.example`. */
  allowedOrigins: string[];
  limits?: { perAddressPerSecond?: number; authPerMinute?: number };
  /** Where the access log goes; a file in `outDir` unless told. */
  accessLogPath?: string;
  /** An OTLP/HTTP collector on this machine, and how many traces in a hundred it gets. */
  collector?: { port: number; samplePercent: number };
};

/**
 * Writes Envoy's configuration to `outDir`. No service has an endpoint yet: until `writeEndpoints` says that an
 * instance is ready, the edge answers 503 at once instead of waiting for a port nobody listens on. To be called before
 * Envoy starts: it empties the endpoints.
 */
export async function renderEnvoy(o: EnvoyOptions): Promise<void> {
  await mkdir(join(o.outDir, "endpoints"), { recursive: true });
  const files = await rendered(o);
  await Promise.all([
    ...routedServices.map((service) => writeEndpoints(o.outDir, service, [])),
    writeEndpoints(o.outDir, "collector", o.collector ? [o.collector.port] : []),
    ...files.documents.map(({ filename, body }) => writeWhole(filename, body)),
    writeWhole(join(o.outDir, "clusters.yaml"), resources(files.clusters)),
    writeWhole(join(o.outDir, "routes.yaml"), resources([files.routes])),
    writeWhole(join(o.outDir, "listener.yaml"), resources([files.listener])),
    writeWhole(join(o.outDir, "bootstrap.yaml"), yaml(files.bootstrap)),
  ]);
}

/**
 * The arguments after the binary's name. Two Envoys on one machine need different base ids. Envoy stops at once on
 * SIGTERM; a `POST /drain_listeners?graceful` to the admin port first lets requests under way end.
 */
export const envoyArgs = (o: { outDir: string; baseId: number; concurrency: number }): string[] => [
  ...["--config-path", join(o.outDir, "bootstrap.yaml")],
  ...["--base-id", String(o.baseId)],
  ...["--concurrency", String(o.concurrency)],
  ...["--log-level", "warn"],
];

/** The instances of `service` from now on. Requests under way at one that leaves are finished there. */
export const writeEndpoints = (outDir: string, service: string, ports: number[]): Promise<void> =>
  writeWhole(
    join(outDir, "endpoints", `${service}.yaml`),
    resources([
      {
        "@type": "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment",
        cluster_name: service,
        endpoints: [{ lb_endpoints: ports.map((port) => ({ endpoint: { address: socketAddress(port) } })) }],
      },
    ]),
  );

/** What Envoy itself says is wrong with the configuration; undefined if nothing. */
export async function validateEnvoy(binary: string): Promise<string | undefined> {
  const outDir = await mkdtemp(join(tmpdir(), "shop-envoy-"));
  try {
    const ports = {
      edge: 8080,
      admin: 9901,
      user: 3001,
      order: 3002,
      payment: 3003,
      inventory: 3004,
      notification: 3005,
    };
    const options = { outDir, ports, issuer: "https://shop.test", allowedOrigins: ["https://shop.test"] };
    await renderEnvoy(options);
    const path = join(outDir, "all.yaml");
    await writeWhole(path, yaml(inOneFile(await rendered(options))));
    const run = Bun.spawn([binary, "--mode", "validate", "--log-level", "warn", "-c", path], {
      stdout: "pipe",
      stderr: "pipe",
    });
    const [out, err, code] = await Promise.all([run.stdout.text(), run.stderr.text(), run.exited]);
    return code === 0 ? undefined : `${out}${err}`.trim();
  } finally {
    await rm(outDir, { recursive: true, force: true });
  }
}

type Files = {
  bootstrap: Record<string, unknown>;
  listener: object;
  routes: object;
  clusters: object[];
  documents: (Document & { filename: string })[];
};

async function rendered(o: EnvoyOptions): Promise<Files> {
  const values = {
    DIR: o.outDir,
    EDGE_PORT: o.ports.edge,
    ADMIN_PORT: o.ports.admin,
    ISSUER: o.issuer,
    MAX_HEAP_BYTES: 512 * 1024 * 1024,
    MAX_CONNECTIONS: 10_000,
    STRIPPED_REQUEST_HEADERS: strippedHeaders,
    LOCAL_REPLIES: localReplies,
    TRACING: tracing(o.collector?.samplePercent ?? 0),
    ACCESS_LOG: accessLog(o.accessLogPath ?? join(o.outDir, "access.log")),
    ADDRESS_LIMIT: addressLimit({ name: "address", count: o.limits?.perAddressPerSecond ?? 2_000, seconds: 1 }),
  };
  const placed = (await documents()).map((it) => ({ ...it, filename: join(o.outDir, it.file) }));
  const templates = [...clusters].map(([CLUSTER, SERVICE]) =>
    template("clusters.yaml", { ...values, CLUSTER, SERVICE }),
  );
  return {
    bootstrap: await template("bootstrap.yaml", values),
    listener: await template("listener.yaml", values),
    routes: routeConfig({
      allowedOrigins: o.allowedOrigins,
      authPerMinute: o.limits?.authPerMinute ?? 30,
      documents: placed,
    }),
    documents: placed,
    clusters: await Promise.all(templates),
  };
}

/** Fills `${NAME}`: as JSON, which YAML understands, where it is the whole of a quoted value; otherwise as it is. */
async function template(name: string, values: Record<string, unknown>): Promise<Record<string, unknown>> {
  const source = await Bun.file(join(import.meta.dir, name)).text();
  const filled = source.replaceAll(/("?)\$\{(\w+)\}\1/g, (_, quote: string, key: string) => {
    if (!(key in values)) throw new Error(`envoy/${name} wants \${${key}}, which nobody gives`);
    return quote ? JSON.stringify(values[key]) : String(values[key]);
  });
  return Bun.YAML.parse(filled) as Record<string, unknown>;
}

const socketAddress = (port: number) => ({ socket_address: { address: "127.0.0.1", port_value: port } });

/** `--mode validate` looks at static resources only, so everything that is watched when running is put there. */
function inOneFile(files: Files): object {
  const { dynamic_resources: _, ...bootstrap } = files.bootstrap;
  const listener = structuredClone(files.listener) as {
    filter_chains: { filters: { typed_config: Record<string, unknown> }[] }[];
  };
  const manager = listener.filter_chains[0]!.filters[0]!.typed_config;
  delete manager.rds;
  manager.route_config = untyped(files.routes);
  return {
    ...bootstrap,
    static_resources: {
      listeners: [untyped(listener)],
      clusters: files.clusters.map(untyped),
    },
  };
}

const untyped = (resource: object) => {
  const { "@type": _, ...rest } = resource as Record<string, unknown>;
  return rest;
};

const yaml = (value: unknown) => Bun.YAML.stringify(value, null, 2);
const resources = (list: object[]) => yaml({ resources: list });

/** Envoy watches for files being moved into place, and so never reads half of one. */
async function writeWhole(path: string, text: string): Promise<void> {
  const temporary = `${path}.${crypto.randomUUID()}.tmp`;
  await Bun.write(temporary, text);
  await rename(temporary, path);
}
