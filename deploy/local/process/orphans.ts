import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import type { StackPaths } from "../config/paths";
import { end } from "./signal";
import { MARKER } from "./spawn";

type Found = { pid: number; executable: string };

/**
 * Ends what an earlier launcher of this data directory left running (it was killed, say). The marker in a process's
 * environment tells that it is ours: a pid file may name a number that has since gone to somebody else's process.
 * Services end first, stores last, as in an orderly stop. Gives the number of processes found.
 */
export async function endOrphans(layout: StackPaths): Promise<number> {
  const found = ownProcesses(layout.dataDir);
  const named = (...names: string[]) =>
    found.filter(({ executable }) => names.includes(executable)).map(({ pid }) => pid);
  const stores = named("postgres", "mongod", "redis-server");
  const others = found.map(({ pid }) => pid).filter((pid) => !stores.includes(pid));
  await end(others, "SIGTERM", 6000);
  await Promise.all([
    end(named("postgres"), "SIGINT", 4000), // SIGINT is PostgreSQL's fast shutdown; SIGTERM would wait for clients
    end(named("mongod", "redis-server"), "SIGTERM", 4000),
  ]);
  return found.length;
}

const servers = ["postgres", "mongod", "redis-server", "envoy"];

/**
 * Processes of this data directory, but for ourselves. Redis writes its title over its environment, so a server is also
 * known by the folder it works in; for anything else (a shell someone has there) that would be too weak a sign.
 */
function ownProcesses(dataDir: string): Found[] {
  const marker = `${MARKER}=${dataDir}`;
  const marked = (pid: string) => readFileSync(`/proc/${pid}/environ`, "utf8").split("\0").includes(marker);
  const worksHere = (pid: string) => `${readlinkSync(`/proc/${pid}/cwd`)}/`.startsWith(`${dataDir}/`);
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      try {
        const executable = readFileSync(`/proc/${pid}/comm`, "utf8").trim();
        const ours = marked(pid) || (servers.includes(executable) && worksHere(pid));
        return ours ? [{ pid: Number(pid), executable }] : [];
      } catch {
        return []; // gone meanwhile, or another user's
      }
    });
}
