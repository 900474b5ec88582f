// Imported, not read from disk, so that a bundle contains them.
import bootstrap from "./bootstrap.yaml" with { type: "text" };
import clusters from "./clusters.yaml" with { type: "text" };
import listener from "./listener.yaml" with { type: "text" };

const templates = { "bootstrap.yaml": bootstrap, "clusters.yaml": clusters, "listener.yaml": listener };

/**
 * Fills the placeholders of a YAML file of this folder. `"${NAME}"`, quoted, becomes the value as JSON, which YAML
 * understands. `${NAME}` inside a longer text becomes the value as text.
 */
export function fillTemplate(name: keyof typeof templates, values: Record<string, unknown>): Record<string, unknown> {
  const source: string = templates[name];
  const filled = source.replaceAll(/("?)\$\{(\w+)\}\1/g, (_, quote: string, key: string) => {
    if (!(key in values)) throw new Error(`envoy/${name}: no value for \${${key}}`);
    return quote ? JSON.stringify(values[key]) : String(values[key]);
  });
  return Bun.YAML.parse(filled) as Record<string, unknown>;
}
