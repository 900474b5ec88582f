import { readFile, rm, writeFile } from "node:fs/promises";
import { type ServiceName, type SqlServiceName, serviceNames } from "../../../services/_contracts/services";
import { type EnvSource, migrationEnv } from "../config/env";
import { type StackPaths, stackPaths } from "../config/paths";
import { instancePort, type Ports } from "../config/ports";
import { loadSecrets, type Secrets } from "../config/secrets";
import { ended, send } from "../process/signal";
import { pidIn } from "../process/spawn";
import { recreateDatabase } from "../stores/postgres-roles";
import { embeddedAddresses, sqlUrls } from "../stores/store-urls";
import { UserError } from "../user-error";
import { writePorts } from "./endpoints";

/** The description of a running stack in `run/stack.json`, for other processes. It contains secrets: mode 0600. */
export type StackFile = {
  offset: number;
  ports: Ports;
  edgeUrl: string;
  dataDir: string;
  adminUrls: { postgres: string; mongo: string; redis: string };
  env: Record<ServiceName, Record<string, string>>;
};

/** A running stack, as seen from any process. */
export type StackHandle = Omit<StackFile, "env"> & {
  secrets: Secrets;
  /** The environment of a service's first instance, with the URL of the role that migrates. */
  env: (service: ServiceName) => Record<string, string>;
  /** The current pid of "order-0", "postgres", "mongo", "redis", "envoy", "sandbox" … */
  pid: (process: string) => number | undefined;
  /** Sends a signal. After SIGKILL, the default, waits until the process has ended. The launcher then restarts it. */
  kill: (process: string, signal?: NodeJS.Signals) => Promise<void>;
  /** Takes an instance out of the edge, then sends it SIGTERM, as an orchestrator does. The launcher restarts it. */
  retire: (service: ServiceName, index: number) => Promise<void>;
  /** Creates an extra, empty PostgreSQL database with a service's two roles. Replaces a database of this name. */
  createDatabase: (service: SqlServiceName, name: string) => Promise<{ appUrl: string; ownerUrl: string }>;
};

const KILLED_MS = 5000;
const instanceIndexes = Array.from({ length: 9 }, (_, index) => index);

/**
 * The stack at a port offset, started by another process.
 * @throws UserError when none is running there
 */
export async function readStack(offset: number): Promise<StackHandle> {
  const paths = stackPaths(offset);
  const text = await readFile(paths.stackFile, "utf8").catch(() => undefined);
  if (text === undefined) throw new UserError(`no stack is running at PORT_OFFSET=${offset}; start one: bun run dev`);
  return toHandle(JSON.parse(text) as StackFile, await loadSecrets(paths.secrets));
}

/** Writes `run/stack.json`. */
export async function writeStackFile(paths: StackPaths, source: EnvSource): Promise<StackFile> {
  const { ports, stores } = source;
  const file: StackFile = {
    offset: paths.offset,
    ports,
    edgeUrl: `http://localhost:${ports.edge}`,
    dataDir: paths.dataDir,
    adminUrls: { postgres: stores.postgresRoot, mongo: stores.mongo.root, redis: stores.redis.admin },
    env: Object.fromEntries(
      serviceNames.map((service) => [service, migrationEnv(source, service)]),
    ) as StackFile["env"],
  };
  await rm(paths.stackFile, { force: true }); // the mode applies to a new file only
  await writeFile(paths.stackFile, JSON.stringify(file), { mode: 0o600 });
  return file;
}

export function toHandle(file: StackFile, secrets: Secrets): StackHandle {
  const paths = stackPaths(file.offset);
  const pid = (process: string) => pidIn(paths.pidFile(process));
  return {
    ...file,
    secrets,
    env: (service) => ({ ...file.env[service] }),
    pid,
    async kill(process, signal = "SIGKILL") {
      const target = pid(process);
      if (target === undefined) throw new UserError(`${process} is not running`);
      send(target, signal);
      if (signal === "SIGKILL") await ended([target], KILLED_MS);
    },
    async retire(service, index) {
      const others = instanceIndexes.filter((each) => each !== index && pid(`${service}-${each}`) !== undefined);
      const remainingPorts = others.map((each) => instancePort(file.ports, service, each));
      await writePorts(paths.envoy, service, remainingPorts);
      await this.kill(`${service}-${index}`, "SIGTERM");
    },
    async createDatabase(service, name) {
      await recreateDatabase(file.adminUrls.postgres, service, name);
      const { app, owner } = sqlUrls(embeddedAddresses(file.ports), secrets, service, name);
      return { appUrl: app, ownerUrl: owner };
    },
  };
}
