import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { appendFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { envoyArgs } from "../../envoy/command-line";
import { edgeConfig } from "../../envoy/config";
import { generate, staleEdgeFiles } from "../../envoy/generate";
import { configFiles } from "../../envoy/render";
import { configDir, documentsDir, kubernetesEdge } from "../../envoy/targets";
import { edgeTargets } from "../support/edge/targets";

const root = join(import.meta.dir, "../..");
let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "shop-edge-"));
});
afterAll(() => rm(dir, { recursive: true }));

describe("the edge is the same on every platform", () => {
  const connectionManager = "listener.filter_chains.0.filters.0.typed_config";
  /** All that may differ. `*` stands for any one step. */
  const mayDiffer = [
    // how instances are found
    "clusters.*.type",
    "clusters.*.eds_cluster_config",
    "clusters.*.cluster_type",
    "clusters.*.load_assignment",
    "clusters.*.load_assignment.endpoints.0.lb_endpoints.0.endpoint.address.socket_address.address",
    // the shop's URL, and the origins whose pages may call the API
    `${connectionManager}.http_filters.*.typed_config.providers.shop.issuer`,
    "routes.virtual_hosts.0.typed_per_filter_config.envoy.filters.http.cors.allow_origin_string_match.*",
    "routes.virtual_hosts.0.typed_per_filter_config.envoy.filters.http.cors.allow_origin_string_match.*.exact",
    // the folders of configuration and documents, and the access log
    "bootstrap.dynamic_resources.*.path_config_source.path",
    `${connectionManager}.rds.config_source.path_config_source.path`,
    "routes.virtual_hosts.0.routes.*.direct_response.body.filename",
    `${connectionManager}.access_log.*.typed_config.path`,
    // sampling of traces, and whether a proxy is in front
    `${connectionManager}.tracing.random_sampling.value`,
    `${connectionManager}.xff_num_trusted_hops`,
  ];
  const targets = edgeTargets("/development");
  const toConfig = (target: string) => {
    const { documents: _, ...config } = edgeConfig(targets[target]!);
    return config;
  };
  const allowed = mayDiffer.map((path) => ({
    path,
    pattern: new RegExp(`^${path.replaceAll(".", "\\.").replaceAll("*", "[^.]+")}$`),
  }));
  const isAllowed = (path: string) => allowed.some(({ pattern }) => pattern.test(path));
  const others = Object.keys(targets).filter((target) => target !== "development");

  test.each(others)("development and %s differ in the listed values only", (target) => {
    expect(differences(toConfig("development"), toConfig(target)).filter((path) => !isAllowed(path))).toEqual([]);
  });

  test("every listed value differs somewhere", () => {
    const found = others.flatMap((one) =>
      Object.keys(targets).flatMap((two) => differences(toConfig(one), toConfig(two))),
    );
    expect(allowed.filter(({ pattern }) => !found.some((path) => pattern.test(path)))).toEqual([]);
  });

  test("another difference is found", () => {
    const changed = toConfig("compose");
    Object.assign(changed.clusters[0]!, { connect_timeout: "2s" });
    Object.assign(changed.listener, { per_connection_buffer_limit_bytes: undefined });
    expect(differences(toConfig("development"), changed).filter((path) => !isAllowed(path))).toEqual([
      "listener.per_connection_buffer_limit_bytes",
      "clusters.0.connect_timeout",
    ]);
  });
});

describe("the files of the Kubernetes overlays", () => {
  test("are reported if one is stale, missing, or not generated", async () => {
    const folder = (overlay: string) => join(dir, overlay);
    await generate(folder);
    expect(await staleEdgeFiles(folder)).toBeUndefined();
    await appendFile(join(dir, "staging/routes.yaml"), "# edited\n");
    await rm(join(dir, "production/clusters.yaml"));
    await Bun.write(join(dir, "local/extra.yaml"), "");
    const report = (await staleEdgeFiles(folder))!.split("\n").slice(1);
    expect(report.map((line) => line.replace(/: .*\/(?=\w+\/)/, ": "))).toEqual([
      "not generated: local/extra.yaml",
      "stale: staging/routes.yaml",
      "missing: production/clusters.yaml",
    ]);
  });
});

test("a bundle renders the same files as the source", async () => {
  const built = await Bun.build({ entrypoints: [join(root, "envoy/render.ts")], target: "bun", outdir: dir });
  const bundle: { configFiles: typeof configFiles } = await import(built.outputs[0]!.path);
  const options = kubernetesEdge("production");
  expect(bundle.configFiles(options)).toEqual(configFiles(options));
});

test("the image starts Envoy with the arguments of command-line.ts and has the documents where routes refer to them", async () => {
  const dockerfile = await Bun.file(join(root, "deploy/images/Dockerfile")).text();
  const edge = dockerfile.slice(dockerfile.indexOf(" AS edge\n"));
  expect(JSON.parse(/^ENTRYPOINT (.*)$/m.exec(edge)![1]!)).toEqual(["envoy", ...envoyArgs(configDir)]);
  const written = /^RUN bun envoy\/documents\/write\.ts (\S+)/m.exec(dockerfile)![1]!;
  const [, from, to] = /^COPY --from=documents (\S+) (\S+)$/m.exec(edge)!;
  expect(written.replace(from!, to!)).toBe(documentsDir);
});

/** The paths of all values that differ, each as far as both sides have it. */
function differences(one: unknown, two: unknown, path: string[] = []): string[] {
  if (!isObject(one) || !isObject(two)) return Bun.deepEquals(one, two) ? [] : [path.join(".")];
  return [...new Set([...Object.keys(one), ...Object.keys(two)])].flatMap((key) =>
    differences(one[key], two[key], [...path, key]),
  );
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;
