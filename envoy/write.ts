import { rename } from "node:fs/promises";

export const toYaml = (value: unknown) => Bun.YAML.stringify(value, null, 2);

/** The form in which Envoy reads listeners, routes, clusters and endpoints from files. */
export const toResources = (resources: object[]) => toYaml({ resources });

/** Writes a temporary file and renames it. Envoy watches for renames, so it never reads a file that is half written. */
export async function writeAtomically(path: string, text: string): Promise<void> {
  const temporary = `${path}.${crypto.randomUUID()}.tmp`;
  await Bun.write(temporary, text);
  await rename(temporary, path);
}
