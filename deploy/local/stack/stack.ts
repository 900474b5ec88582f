import { rm } from "node:fs/promises";
import { type Server, serverBinaries } from "../binaries/servers";
import type { AppEnv, EnvSource, Scale } from "../config/env";
import { stackPaths } from "../config/paths";
import { portsAt } from "../config/ports";
import { loadSecrets } from "../config/secrets";
import { endOrphans } from "../process/orphans";
import { assertNoListeners, PortInUseError } from "../process/port-in-use";
import { createProcessGroup } from "../process/process-group";
import { embeddedStores, startStores } from "../stores/embedded";
import { embeddedAddresses, storeUrls } from "../stores/store-urls";
import { UserError } from "../user-error";
import { createDataDir, wipeDataDir } from "./data-dir";
import { lockDataDir } from "./lock";
import { lines, type Progress } from "./progress";
import { requiredPorts } from "./required-ports";
import { type Launch, startServices } from "./services";
import { type StackHandle, toHandle, writeStackFile } from "./stack-file";
import { commandAtFreePorts, stopCommand } from "./start-commands";

export type StackOptions = {
  offset: number;
  appEnv: AppEnv;
  /** Start with empty stores and new secrets. */
  fresh?: boolean;
  /** Restart a service when its files change. */
  watch?: boolean;
  /** Create the example users and products. Default: true. */
  seed?: boolean;
  /** The number of instances of each service. Default: one. */
  scale?: Scale;
  /** An OTLP/HTTP collector that receives all traces. Default: `OTEL_EXPORTER_OTLP_ENDPOINT`; without one, none are exported. */
  collectorUrl?: string;
  report?: Progress | ((line: string) => void);
  /** Start only the stores, with their roles and databases: enough for the tests of one service. */
  only?: "stores";
  /** Stops the stack, also while it is starting. */
  signal?: AbortSignal;
  /** Where services/ and deploy/sandbox are taken from. Default: this checkout. */
  sourceDir?: string;
};

export type Stack = StackHandle & {
  /** How often each process was restarted after it died. */
  readonly restarts: Record<string, number>;
  /** Ends every process, within ten seconds. */
  stop: () => Promise<void>;
  /** Kills every process at once. */
  killAll: () => void;
};

/**
 * Starts one stack and keeps it running until `stop()`.
 * @throws UserError when it cannot start; then nothing is left running
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { offset, appEnv, signal } = options;
  const paths = stackPaths(offset);
  const progress = typeof options.report === "function" ? lines(options.report) : (options.report ?? lines(() => {}));
  await createDataDir(paths);
  const unlock = await lockDataDir(
    paths,
    `stop it with \`${stopCommand(offset)}\`, or start a second one with \`${commandAtFreePorts(appEnv, offset)}\``,
  );
  const launch: Launch = { options, paths, progress, group: createProcessGroup(paths, progress.print), stopHooks: [] };
  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= stopAll(launch).finally(unlock);
    return stopped;
  };
  signal?.addEventListener("abort", () => void stop());
  try {
    const handle = await bringUp(options, launch);
    signal?.throwIfAborted();
    return {
      ...handle,
      get restarts() {
        return Object.fromEntries([...launch.group.processes].map(([name, each]) => [name, each.restarts()]));
      },
      stop,
      killAll: launch.group.killAll,
    };
  } catch (error) {
    await stop();
    if (signal?.aborted) throw new UserError("stopped before everything was up");
    if (!(error instanceof PortInUseError)) throw error;
    throw new UserError(`${error.message}. Stop it, or use other ports with \`${commandAtFreePorts(appEnv, offset)}\``);
  }
}

async function stopAll({ stopHooks, group, paths }: Launch): Promise<void> {
  for (const hook of stopHooks) hook();
  await group.stop();
  await rm(paths.stackFile, { force: true });
}

async function bringUp(options: StackOptions, launch: Launch): Promise<StackHandle> {
  const { paths, progress, group } = launch;
  const orphans = await endOrphans(paths);
  if (orphans > 0) progress.print(`ended ${orphans} processes that an earlier start had left behind`);
  if (options.fresh) await wipeDataDir(paths);

  const ports = portsAt(options.offset);
  const secrets = await loadSecrets(paths.secrets);
  const urls = storeUrls(embeddedAddresses(ports), secrets, process.env);
  const stores = embeddedStores(urls);
  const scale = options.scale ?? {};
  const collectorUrl = options.collectorUrl ?? (process.env.OTEL_EXPORTER_OTLP_ENDPOINT || undefined);
  const withServices = options.only !== "stores";
  assertNoListeners(requiredPorts(ports, stores, withServices ? scale : undefined));

  const downloaded: Server[] = stores.filter((store) => store !== "postgres");
  if (withServices) downloaded.push("envoy");
  const binaries = await progress.step("servers", (update) => serverBinaries(downloaded, update));
  await progress.step("stores", async (update) => {
    await startStores(stores, { paths, ports, secrets, urls, binaries }, async (spec) => {
      await group.start(spec);
      update(`${spec.name} is up`);
    });
  });
  const source: EnvSource = { appEnv: options.appEnv, ports, secrets, stores: urls, scale, collectorUrl };
  const file = await writeStackFile(paths, source);
  if (withServices) await startServices(launch, source, binaries.envoy);
  return toHandle(file, secrets);
}
