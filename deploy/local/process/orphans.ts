import { readlinkSync, realpathSync } from "node:fs";
import type { StackPaths } from "../config/paths";
import { processIds, readText } from "./proc";
import { end } from "./signal";
import { DATA_DIR_VARIABLE } from "./spawn";

type Orphan = { pid: number; executable: string };

const servers = ["postgres", "mongod", "redis-server", "envoy"];

/**
 * Ends the processes that an earlier launcher of this data directory left behind: services first, stores last, as in an
 * orderly stop.
 * @returns how many there were
 */
export async function endOrphans(paths: StackPaths): Promise<number> {
  const orphans = findOrphans(paths);
  const named = (...names: string[]) =>
    orphans.filter(({ executable }) => names.includes(executable)).map(({ pid }) => pid);
  const stores = named("postgres", "mongod", "redis-server");
  const others = orphans.map(({ pid }) => pid).filter((pid) => !stores.includes(pid));
  await end(others, "SIGTERM", 6000);
  await Promise.all([
    end(named("postgres"), "SIGINT", 4000), // fast shutdown; on SIGTERM PostgreSQL waits for its clients
    end(named("mongod", "redis-server"), "SIGTERM", 4000),
  ]);
  return orphans.length;
}

/**
 * A process belongs to the stack if its environment says so. A pid file would not prove it: the number may have been
 * reused. Redis overwrites its environment, and in a container root may not read that of PostgreSQL, so a server is
 * also recognised by its working directory or its arguments. For other programs, such as a shell, that would prove
 * nothing.
 */
function findOrphans(paths: StackPaths): Orphan[] {
  const variable = `${DATA_DIR_VARIABLE}=${paths.dataDir}`;
  const folders = [paths.dataDir, followLink(paths.pg)];
  const isInside = (path: string) => folders.some((folder) => path === folder || path.startsWith(`${folder}/`));
  const isServerOfStack = (pid: number, executable: string) =>
    servers.includes(executable) &&
    (isInside(workingDirectory(pid)) || readText(`/proc/${pid}/cmdline`).split("\0").some(isInside));
  return processIds()
    .filter((pid) => pid !== process.pid)
    .map((pid) => ({ pid, executable: readText(`/proc/${pid}/comm`).trim() }))
    .filter(
      ({ pid, executable }) =>
        readText(`/proc/${pid}/environ`).split("\0").includes(variable) || isServerOfStack(pid, executable),
    );
}

function workingDirectory(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return "";
  }
}

function followLink(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
