import { type ServiceName, serviceNames } from "../../../services/_contracts/services";
import type { EnvSource } from "../config/env";
import { repoRoot, type StackPaths } from "../config/paths";
import type { ProcessGroup } from "../process/process-group";
import type { SupervisedSpec } from "../process/supervise";
import { allOrFirstError, until } from "../promises";
import { envoySpec } from "./edge";
import { trackEndpoints } from "./endpoints";
import { migrate } from "./migrate";
import { answersOk, sandboxSpec, serviceSpec } from "./processes";
import type { Progress } from "./progress";
import { restartOnChange } from "./restart-on-change";

/** What the steps of a start share. */
export type Launch = {
  options: {
    watch?: boolean;
    seed?: boolean;
    sourceDir?: string;
  };
  paths: StackPaths;
  progress: Progress;
  group: ProcessGroup;
  /** Called when the stack stops, before its processes are stopped. */
  stopHooks: (() => void)[];
};

const EDGE_MS = 15_000;

/** Migrates the stores, then starts the sandbox and the services, then Envoy. */
export async function startServices(launch: Launch, source: EnvSource, envoyBinary: string): Promise<void> {
  const { options, paths, progress, group } = launch;
  const sourceDir = options.sourceDir ?? repoRoot;
  const seed = options.seed ?? true;
  const migrateAll = (services: readonly ServiceName[]) =>
    allOrFirstError(services.map((service) => migrate(source, service, { paths, sourceDir, seed })));
  await progress.step("migrations", () => migrateAll(serviceNames));

  const envoy = await envoySpec(envoyBinary, paths, source); // creates the endpoint files that instances are added to
  await progress.step("services", async (update) => {
    const specs = [sandboxSpec(source, sourceDir), ...instanceSpecs(source, sourceDir, paths)];
    await allOrFirstError(
      specs.map(async (spec) => {
        await group.start(spec);
        update(`${spec.name} is up`);
      }),
    );
  });
  await progress.step("edge", async () => {
    await group.start(envoy);
    const products = `http://127.0.0.1:${source.ports.edge}/api/v1/products`;
    await until(`GET ${products}`, EDGE_MS, () => answersOk(products));
  });
  if (!options.watch) return;
  const instancesOf = (service: ServiceName) =>
    [...group.processes.values()].filter(({ name }) => name.startsWith(`${service}-`));
  launch.stopHooks.push(restartOnChange(sourceDir, instancesOf, migrateAll, progress.print));
}

function instanceSpecs(source: EnvSource, sourceDir: string, paths: StackPaths): SupervisedSpec[] {
  const endpoints = trackEndpoints(paths.envoy);
  return serviceNames.flatMap((service) =>
    Array.from({ length: source.scale[service] ?? 1 }, (_, index) =>
      serviceSpec(source, service, index, { sourceDir, endpoints }),
    ),
  );
}
