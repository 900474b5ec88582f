import { readFile } from "node:fs/promises";
import type { ServiceName, SqlServiceName } from "../../../services/_contracts/services";
import { stackPaths } from "../config/paths";
import { instancePort, type Ports } from "../config/ports";
import { loadSecrets, type Secrets } from "../config/secrets";
import { ended, send } from "../process/signal";
import { pidIn } from "../process/spawn";
import { recreateDatabase } from "../stores/postgres-roles";
import { sqlUrls } from "../stores/store-urls";
import { UserError } from "../user-error";
import { writePorts } from "./endpoints";

/** What `run/stack.json` keeps of a running stack, for other processes (mode 0600: it holds its secrets). */
export type StackFile = {
  offset: number;
  ports: Ports;
  edgeUrl: string;
  dataDir: string;
  adminUrls: { postgres: string; mongo: string; redis: string };
  env: Record<ServiceName, Record<string, string>>;
};

/** What can be done with a stack from any process, the launcher's or another. */
export type StackHandle = Omit<StackFile, "env"> & {
  secrets: Secrets;
  /** The environment of a service's first instance, with the migrations' URL under its name. */
  env: (service: ServiceName) => Record<string, string>;
  /** The current pid of "order-0", "postgres", "mongo", "redis", "envoy", "sandbox" … */
  pid: (process: string) => number | undefined;
  /** Sends a signal. With SIGKILL (the default), waits until it is gone; the launcher then starts it again. */
  kill: (process: string, signal?: NodeJS.Signals) => Promise<void>;
  /** Asks an instance to end as an orchestrator does: the edge is told first, then it gets SIGTERM. The launcher starts it again. */
  retire: (service: ServiceName, index: number) => Promise<void>;
  /** Makes an extra, empty PostgreSQL database (in place of an older one of that name) with a service's own two roles. */
  createDatabase: (service: SqlServiceName, name: string) => Promise<{ appUrl: string; ownerUrl: string }>;
};

const mostInstances = Array.from({ length: 9 }, (_, index) => index);

/** The stack running at a port offset, started by another process. Throws `Failure` when there is none. */
export async function readStack(offset: number): Promise<StackHandle> {
  const layout = stackPaths(offset);
  const text = await readFile(layout.stackFile, "utf8").catch(() => undefined);
  if (text === undefined) throw new UserError(`no stack is running at PORT_OFFSET=${offset}; start one: bun run dev`);
  return toHandle(JSON.parse(text) as StackFile, await loadSecrets(layout.secrets));
}

export function toHandle(file: StackFile, secrets: Secrets): StackHandle {
  const layout = stackPaths(file.offset);
  const pid = (process: string) => pidIn(layout.pidFile(process));
  return {
    ...file,
    secrets,
    env: (service) => ({ ...file.env[service] }),
    pid,
    async kill(process, signal = "SIGKILL") {
      const target = pid(process);
      if (target === undefined) throw new UserError(`${process} is not running`);
      send(target, signal);
      if (signal === "SIGKILL") await ended([target], 5000);
    },
    async retire(service, index) {
      const others = mostInstances.filter((one) => one !== index && pid(`${service}-${one}`) !== undefined);
      const staying = others.map((one) => instancePort(file.ports, service, one));
      await writePorts(layout.envoy, service, staying);
      await this.kill(`${service}-${index}`, "SIGTERM");
    },
    async createDatabase(service, name) {
      await recreateDatabase(file.adminUrls.postgres, service, name);
      const { app, owner } = sqlUrls(file.ports, secrets, service, name);
      return { appUrl: app, ownerUrl: owner };
    },
  };
}
