import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type EdgeOptions, edgeConfig } from "./config";
import { documents } from "./documents/documents";
import { toResources, toYaml, writeAtomically } from "./write";

/** Envoy's configuration files by name. */
export function configFiles(options: EdgeOptions): Map<string, string> {
  const config = edgeConfig(options);
  return new Map([
    // Envoy reads bootstrap.yaml first, when it starts.
    ["clusters.yaml", toResources(config.clusters)],
    ["routes.yaml", toResources([config.routes])],
    ["listener.yaml", toResources([config.listener])],
    ["bootstrap.yaml", toYaml(config.bootstrap)],
  ]);
}

/**
 * Writes Envoy's configuration files to `outDir`: `configDir` of the options, or a folder that is mounted there. Writes the
 * documents as well, unless they have a folder of their own.
 */
export async function renderEnvoy(outDir: string, options: EdgeOptions): Promise<void> {
  if (!options.documentsDir) await writeDocuments(outDir);
  await writeFiles(outDir, configFiles(options));
}

/** Writes the files that Envoy serves itself. */
export const writeDocuments = (outDir: string): Promise<void> =>
  writeFiles(outDir, new Map(documents().map(({ file, body }) => [file, body])));

async function writeFiles(outDir: string, files: Map<string, string>): Promise<void> {
  await mkdir(outDir, { recursive: true });
  await Promise.all([...files].map(([file, text]) => writeAtomically(join(outDir, file), text)));
}
