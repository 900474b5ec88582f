import { readdirSync, readFileSync, readlinkSync } from "node:fs";

const LISTEN = "0A";

/**
 * Says who listens on a TCP port ("pid 4711 (node server.js)"), or undefined when nobody does.
 * Read from /proc, not found out by binding: a probe that binds can itself be what another launcher trips over.
 */
export function listenerOf(port: number): string | undefined {
  const inode = listeningInode(port);
  if (inode === undefined) return undefined;
  const pid = pidHolding(`socket:[${inode}]`);
  if (pid === undefined) return "a process of another user";
  return `pid ${pid} (${commandOf(pid) || "unknown command"})`;
}

function listeningInode(port: number): string | undefined {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  for (const table of ["/proc/net/tcp", "/proc/net/tcp6"]) {
    for (const line of textOf(table).split("\n").slice(1)) {
      const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
      if (state === LISTEN && local?.endsWith(suffix)) return inode;
    }
  }
  return undefined;
}

function pidHolding(link: string): number | undefined {
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      for (const fd of readdirSync(`/proc/${pid}/fd`)) {
        if (readlinkSync(`/proc/${pid}/fd/${fd}`) === link) return Number(pid);
      }
    } catch {
      // Gone meanwhile, or not ours to look at.
    }
  }
  return undefined;
}

/** A process's command line on one line, shortened; empty when it is gone. */
export function commandOf(pid: number): string {
  return textOf(`/proc/${pid}/cmdline`).split("\0").filter(Boolean).join(" ").slice(0, 100);
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
