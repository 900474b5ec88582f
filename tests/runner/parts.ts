import type { ServiceName } from "../../services/_contracts/services";
import type { ToolName } from "./tools";

/** Tests that run together. */
export type Part = {
  name: string;
  paths: string[];
  coverage?: true;
  /** The number of instances of each service that needs more than one. Such a part has its own stack. */
  scale?: Partial<Record<ServiceName, number>>;
  /** Traces are exported to `collectorPort`, where a test may receive them. */
  exportsTraces?: true;
  /**
   * The part belongs to `test:full`, has no stack, and needs these programs. Each one that is missing counts as a
   * failure. `bun run test:full <name>` runs this part only.
   */
  tools?: ToolName[];
};

export const parts: Part[] = [
  { name: "unit", paths: ["services/", "deploy/"], coverage: true },
  { name: "architecture and contracts", paths: ["tests/architecture/", "tests/contract/", "tests/edge/"] },
  { name: "end to end", paths: ["tests/e2e/"] },
  // After the parts above, because these tests kill processes that the others need.
  { name: "chaos", paths: ["tests/chaos/"] },
  {
    name: "two instances",
    paths: ["tests/instances/"],
    scale: { user: 2, order: 2, payment: 2, inventory: 2 },
    exportsTraces: true,
  },
  {
    name: "containers",
    paths: ["tests/containers/"],
    tools: ["podman", "runc", "buildkitd", "buildctl", "docker-compose", "promtool", "ldd", "psql", "redis-cli"],
  },
  { name: "k8s", paths: ["tests/k8s/"], tools: ["go", "istioctl", "etcd", "kube-apiserver"] },
];

/**
 * The parts that a command line asks for: `bun run test` all but those that need tools, `bun run test:full` all.
 * @param wanted names of parts that need tools, or paths. A path runs under the conditions of its part.
 */
export function selectParts(wanted: string[], full: boolean): Part[] {
  if (wanted.length === 0) return parts.filter(({ tools }) => full || !tools);
  const named = parts.filter(({ name, tools }) => full && tools && wanted.includes(name));
  const paths = wanted.filter((path) => !named.some(({ name }) => name === path));
  const special = parts
    .filter((part) => part.scale || part.tools)
    .map((part) => ({ ...part, paths: paths.filter((path) => isBelow(path, part)) }));
  const others = paths.filter((path) => !special.some((part) => part.paths.includes(path)));
  return [{ name: "selected paths", paths: others }, ...special, ...named].filter((part) => part.paths.length > 0);
}

const isBelow = (path: string, part: Part) => part.paths.some((folder) => path.startsWith(folder.slice(0, -1)));
