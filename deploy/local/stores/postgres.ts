import { join } from "node:path";
import type { StackPaths } from "../config/paths";
import type { Ports } from "../config/ports";
import { baseEnv } from "../process/spawn";
import type { SupervisedSpec } from "../process/supervise";
import { postgresAnswers } from "./postgres-answers";
import { postgresBinaries } from "./postgres-binaries";
import { openCluster, removeStalePidFile } from "./postgres-cluster";
import { changeTo, postgresAccount } from "./postgres-user";

const settings = {
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "", // TCP only: a socket file's path can be too long, and a crash leaves the file behind
  max_connections: "200",
  shared_buffers: "256MB",
  max_wal_size: "2GB",
  wal_compression: "on",
  fsync: "on", // without it the crash tests would prove nothing
  jit: "off",
  timezone: "UTC",
  log_timezone: "UTC",
  log_checkpoints: "off",
  log_line_prefix: "%m [%p] %u@%d ",
};

/** The embedded PostgreSQL. Creates its data at the first start. */
export async function postgresSpec(
  paths: StackPaths,
  ports: Ports,
  password: string,
  url: string,
): Promise<SupervisedSpec> {
  const account = postgresAccount(paths.pg);
  const bin = await postgresBinaries(account);
  const cluster = await openCluster(paths, { bin, password, account });
  return {
    name: "postgres",
    command: [join(bin, "postgres"), "-D", cluster, "-p", String(ports.postgres)].concat(
      Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
    ),
    env: { ...baseEnv(), LC_ALL: "C" },
    cwd: "/", // it changes to its data itself
    stopSignal: "SIGINT", // fast shutdown; on SIGTERM it waits for its clients
    setpriv: changeTo(account),
    ports: [{ name: "postgres", port: ports.postgres }],
    prepare: () => removeStalePidFile(cluster),
    ready: () => postgresAnswers(url, "start with --fresh"),
    readyTimeoutMs: 60_000,
  };
}
