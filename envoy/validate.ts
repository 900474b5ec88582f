import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type EdgeConfig, edgeConfig } from "./config";
import { endpointFiles, resetEndpoints } from "./endpoints";
import { renderEnvoy } from "./render";
import { toYaml, writeAtomically } from "./write";

/** @returns what Envoy reports about an invalid configuration; undefined if the configuration is valid */
export async function validateEnvoy(binary: string): Promise<string | undefined> {
  const dir = await mkdtemp(join(tmpdir(), "shop-envoy-"));
  try {
    const options = {
      configDir: dir,
      ports: { edge: 8080, admin: 9901 },
      issuer: "https://shop.test",
      allowedOrigins: ["https://shop.test"],
      discovery: endpointFiles(dir),
      accessLogPath: join(dir, "access.log"),
    };
    await resetEndpoints(dir);
    await renderEnvoy(dir, options);
    const path = join(dir, "all.yaml");
    await writeAtomically(path, toYaml(toStaticConfig(await edgeConfig(options))));
    const run = Bun.spawn([binary, "--mode", "validate", "--log-level", "warn", "-c", path], {
      stdout: "pipe",
      stderr: "pipe",
    });
    const [out, err, code] = await Promise.all([run.stdout.text(), run.stderr.text(), run.exited]);
    return code === 0 ? undefined : `${out}${err}`.trim();
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** The configuration with all resources in one file: `--mode validate` does not read the files that Envoy watches. */
function toStaticConfig(config: EdgeConfig): object {
  const { dynamic_resources: _, ...bootstrap } = config.bootstrap;
  const listener = structuredClone(config.listener) as {
    filter_chains: { filters: { typed_config: Record<string, unknown> }[] }[];
  };
  const connectionManager = listener.filter_chains[0]!.filters[0]!.typed_config;
  delete connectionManager.rds;
  connectionManager.route_config = withoutType(config.routes);
  return {
    ...bootstrap,
    static_resources: {
      listeners: [withoutType(listener)],
      clusters: config.clusters.map(withoutType),
    },
  };
}

function withoutType(resource: object): object {
  const { "@type": _, ...rest } = resource as Record<string, unknown>;
  return rest;
}
