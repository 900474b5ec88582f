import { join } from "node:path";
import { type EdgeConfig, type EdgeOptions, edgeConfig } from "./config";
import { writeDocuments } from "./render";
import { toYaml, writeAtomically } from "./write";

/**
 * Lets Envoy validate a configuration. A warning, for example about a deprecated field, makes it invalid.
 * @param dir a folder for temporary files
 * @returns what Envoy reports about an invalid configuration; undefined if the configuration is valid
 */
export async function validateEnvoy(binary: string, dir: string, options: EdgeOptions): Promise<string | undefined> {
  await writeDocuments(dir);
  const path = join(dir, "all.yaml");
  // Envoy opens the files that it refers to.
  const config = edgeConfig({ ...options, documentsDir: dir, accessLogPath: join(dir, "access.log") });
  await writeAtomically(path, toYaml(toStaticConfig(config)));
  const run = Bun.spawn([binary, "--mode", "validate", "--log-level", "warn", "-c", path], {
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err, code] = await Promise.all([run.stdout.text(), run.stderr.text(), run.exited]);
  const report = `${out}${err}`.trim();
  return code === 0 && !warning.test(report) ? undefined : report;
}

/** Envoy fetches no keys in this mode, and warns about that, too. */
const warning = /\]\[warning\]\[(?!jwt\])/;

type StaticResources = { listeners: object[]; clusters: object[] };

/** The configuration with all resources in one file: `--mode validate` does not read the files that Envoy watches. */
function toStaticConfig(config: EdgeConfig): object {
  const { dynamic_resources: _, static_resources, ...bootstrap } = config.bootstrap;
  const { listeners, clusters } = static_resources as StaticResources;
  const listener = structuredClone(config.listener) as {
    filter_chains: { filters: { typed_config: Record<string, unknown> }[] }[];
  };
  const connectionManager = listener.filter_chains[0]!.filters[0]!.typed_config;
  delete connectionManager.rds;
  connectionManager.route_config = withoutType(config.routes);
  return {
    ...bootstrap,
    static_resources: {
      listeners: [...listeners, withoutType(listener)],
      clusters: [...clusters, ...config.clusters.map(withoutType)],
    },
  };
}

function withoutType(resource: object): object {
  const { "@type": _, ...rest } = resource as Record<string, unknown>;
  return rest;
}
