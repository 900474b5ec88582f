import { join } from "node:path";

/**
 * Reads a YAML file of this folder and fills its placeholders. `"${NAME}"`, quoted, becomes the value as JSON, which YAML
 * understands. `${NAME}` inside a longer text becomes the value as text.
 */
export async function fillTemplate(name: string, values: Record<string, unknown>): Promise<Record<string, unknown>> {
  const source = await Bun.file(join(import.meta.dir, name)).text();
  const filled = source.replaceAll(/("?)\$\{(\w+)\}\1/g, (_, quote: string, key: string) => {
    if (!(key in values)) throw new Error(`envoy/${name}: no value for \${${key}}`);
    return quote ? JSON.stringify(values[key]) : String(values[key]);
  });
  return Bun.YAML.parse(filled) as Record<string, unknown>;
}
