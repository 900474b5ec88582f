import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { type ServiceName, serviceNames } from "../../../services/_contracts/services";
import { type Server, serverBinaries } from "../binaries/servers";
import { lines, type Progress } from "../cli/progress";
import { type AppEnv, type EnvSource, migrationEnv, type Scale } from "../config/env";
import { repoRoot, type StackPaths, stackPaths } from "../config/paths";
import { checkFree, instancePort, type Ports, portsAt } from "../config/ports";
import { loadSecrets } from "../config/secrets";
import { endOrphans } from "../process/orphans";
import { processGroup } from "../process/process-group";
import { embeddedStores, type Store, startStores } from "../stores/embedded";
import { type StoreUrls, storeUrls } from "../stores/store-urls";
import { allOrFirstError, UserError, until } from "../user-error";
import { trackEndpoints } from "./endpoints";
import { lockDataDir } from "./lock";
import { migrate } from "./migrate";
import { answersOk, envoySpec, sandboxSpec, serviceSpec } from "./processes";
import { restartOnChange } from "./restart-on-change";
import { type StackFile, type StackHandle, toHandle } from "./stack-file";

export type StackOptions = {
  offset: number;
  appEnv: AppEnv;
  /** Begin with empty stores (and new secrets). */
  fresh?: boolean;
  /** Restart a service when its files change. */
  watch?: boolean;
  /** Put in the example users and products. On unless false. */
  seed?: boolean;
  /** Instances of a service; one where it is silent. */
  scale?: Scale;
  report?: Progress | ((line: string) => void);
  /** Only the stores, with their roles and databases: enough for tests of one service. */
  only?: "stores";
  /** Ends a start that is under way, and the stack once it is up. */
  signal?: AbortSignal;
  /** Where services/ and deploy/sandbox are taken from. This checkout, unless a test of the launcher says otherwise. */
  sourceDir?: string;
};

export type Stack = StackHandle & {
  /** How often each process was started again after it died. */
  readonly restarts: Record<string, number>;
  /** Ends every process, within ten seconds. */
  stop: () => Promise<void>;
  /** Kills every process at once. */
  killAll: () => void;
};

/** Starts one stack and keeps it running until `stop()`. Throws `Failure` with nothing left running. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const layout = stackPaths(options.offset);
  const progress = typeof options.report === "function" ? lines(options.report) : (options.report ?? lines(() => {}));
  await mkdir(layout.dataDir, { recursive: true, mode: 0o711 }); // PostgreSQL's user passes through; nobody lists it
  await mkdir(layout.run, { recursive: true });
  const unlock = await lockDataDir(layout, options.offset);
  const team = processGroup(layout, progress.say);
  const endings: (() => unknown)[] = [];
  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= (async () => {
      for (const end of endings) end();
      await team.stop();
      await rm(layout.stackFile, { force: true });
      await unlock();
    })();
    return stopped;
  };
  options.signal?.addEventListener("abort", () => void stop());
  try {
    const file = await bringUp(options, layout, progress, team, endings);
    options.signal?.throwIfAborted();
    const { handle, secrets } = file;
    return {
      ...toHandle(handle, secrets),
      get restarts() {
        return Object.fromEntries([...team.units].map(([name, unit]) => [name, unit.restarts()]));
      },
      stop,
      killAll: team.killAll,
    };
  } catch (error) {
    await stop();
    throw options.signal?.aborted ? new UserError("stopped before everything was up") : error;
  }
}

type Team = ReturnType<typeof processGroup>;

async function bringUp(
  options: StackOptions,
  layout: StackPaths,
  { step, say }: Progress,
  team: Team,
  endings: (() => unknown)[],
) {
  const ports = portsAt(options.offset);
  const leftovers = await endOrphans(layout);
  if (leftovers > 0) say(`ended ${leftovers} processes that an earlier start had left behind`);
  if (options.fresh) await wipe(layout);
  const secrets = await loadSecrets(layout.secrets);
  const urls = storeUrls(ports, secrets, process.env);
  const stores = embeddedStores(urls);
  const whole = options.only !== "stores";
  const scale = options.scale ?? {};
  checkFree(portsNeeded(ports, stores, whole ? scale : undefined), options.offset);

  const source: EnvSource = { appEnv: options.appEnv, ports, secrets, stores: urls, scale };
  const wanted: Server[] = stores.filter((store) => store !== "postgres");
  const binaries = await step("servers", (note) => serverBinaries(whole ? [...wanted, "envoy"] : wanted, note));
  await step("stores", async (note) => {
    await startStores(stores, { layout, ports, secrets, urls, binaries }, async (spec) => {
      await team.start(spec);
      note(`${spec.name} is up`);
    });
  });
  const handle = await writeStackFile(options.offset, layout, ports, urls, source);
  if (whole) await bringUpServices(options, layout, { step, say }, team, endings, source, binaries.envoy);
  return { handle, secrets };
}

async function bringUpServices(
  options: StackOptions,
  layout: StackPaths,
  { step, say }: Progress,
  team: Team,
  endings: (() => unknown)[],
  source: EnvSource,
  envoyBinary: string,
): Promise<void> {
  const sourceDir = options.sourceDir ?? repoRoot;
  const seed = options.seed ?? true;
  const migrateAll = (which: readonly ServiceName[]) =>
    allOrFirstError(which.map((service) => migrate(source, service, { layout, sourceDir, seed })));
  await step("migrations", () => migrateAll(serviceNames));

  const envoy = await envoySpec(envoyBinary, layout, source); // writes the endpoint files that serviceNames are added to
  const endpoints = trackEndpoints(layout.envoy);
  const instances = serviceNames.flatMap((service) =>
    Array.from({ length: source.scale[service] ?? 1 }, (_, index) => ({ service, index })),
  );
  const unitsOf = (service: ServiceName) =>
    [...team.units.values()].filter(({ name }) => name.startsWith(`${service}-`));
  await step("services", async (note) => {
    const specs = instances.map(({ service, index }) => serviceSpec(source, service, index, { sourceDir, endpoints }));
    await allOrFirstError(
      [sandboxSpec(source, sourceDir), ...specs].map(async (spec) => {
        await team.start(spec);
        note(`${spec.name} is up`);
      }),
    );
  });
  await step("edge", async () => {
    await team.start(envoy);
    const products = `http://127.0.0.1:${source.ports.edge}/api/v1/products`;
    await until(`GET ${products}`, 15_000, () => answersOk(products));
  });
  if (options.watch) endings.push(restartOnChange(sourceDir, unitsOf, migrateAll, say));
}

function portsNeeded(ports: Ports, stores: Store[], scale: Scale | undefined) {
  const named = (name: keyof Ports) => ({ name, port: ports[name] });
  if (!scale) return stores.map(named);
  const instances = serviceNames.flatMap((service) =>
    Array.from({ length: scale[service] ?? 1 }, (_, index) => ({
      name: `${service}-${index}`,
      port: instancePort(ports, service, index),
    })),
  );
  return [...stores.map(named), ...(["edge", "admin", "sandbox", "smtp"] as const).map(named), ...instances];
}

/** Empties the data directory but for the launcher's own pid file. */
async function wipe(layout: StackPaths): Promise<void> {
  const folders = [layout.pg, `${layout.pg}.new`, layout.mongo, layout.redis, layout.envoy, dirname(layout.log(""))];
  for (const path of [...folders, layout.secrets, layout.stackFile]) await rm(path, { recursive: true, force: true });
}

async function writeStackFile(
  offset: number,
  layout: StackPaths,
  ports: Ports,
  urls: StoreUrls,
  source: EnvSource,
): Promise<StackFile> {
  const file: StackFile = {
    offset,
    ports,
    edgeUrl: `http://localhost:${ports.edge}`,
    dataDir: layout.dataDir,
    adminUrls: { postgres: urls.postgresRoot, mongo: urls.mongo.root, redis: urls.redis.admin },
    env: Object.fromEntries(
      serviceNames.map((service) => [service, migrationEnv(source, service)]),
    ) as StackFile["env"],
  };
  await rm(layout.stackFile, { force: true }); // a new file, so that the mode applies
  await writeFile(layout.stackFile, JSON.stringify(file), { mode: 0o600 });
  return file;
}
