import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type EdgeOptions, edgeConfig } from "./config";
import { toYaml, writeAtomically, writeResources } from "./write";

/** Writes Envoy's configuration files to `outDir`: `configDir` of the options, or a folder that is mounted there. */
export async function renderEnvoy(outDir: string, options: EdgeOptions): Promise<void> {
  await mkdir(outDir, { recursive: true });
  const config = await edgeConfig(options);
  await Promise.all([
    ...config.documents.map(({ file, body }) => writeAtomically(join(outDir, file), body)),
    writeResources(join(outDir, "clusters.yaml"), config.clusters),
    writeResources(join(outDir, "routes.yaml"), [config.routes]),
    writeResources(join(outDir, "listener.yaml"), [config.listener]),
    writeAtomically(join(outDir, "bootstrap.yaml"), toYaml(config.bootstrap)),
  ]);
}
