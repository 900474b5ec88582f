import { readdirSync, readlinkSync } from "node:fs";
import { commandLine, isEnding, processIds, readText } from "./proc";

/** A TCP port that a process of the stack listens on; `name` is for messages: "edge", "mongo". */
export type NamedPort = { name: string; port: number };

/**
 * What keeps a port from being used: a process that listens on it, a process with an outgoing connection whose local
 * port it is, or a closed connection that the kernel keeps for about a minute. `owner` is "pid 4711 (node server.js)".
 */
export type PortHolder = { kind: "listener" | "connection"; owner: string } | { kind: "closing" };

/** A row of /proc/net/tcp. `inode` is "0" when no process has the socket any more. */
export type Socket = { port: number; remotePort: number; state: string; inode: string };

const LISTEN = "0A";
const SYN_RECEIVED = "03"; // belongs to a listener, which has its own row

/**
 * Reads all TCP sockets from /proc. A trial bind would also tell whether a port is free, but another launcher could
 * mistake it for a port in use.
 */
export function readSockets(): Socket[] {
  return ["/proc/net/tcp", "/proc/net/tcp6"].flatMap((table) =>
    readText(table)
      .trimEnd()
      .split("\n")
      .slice(1)
      .map((line) => {
        const [, local = "", remote = "", state = "", , , , , , inode = "0"] = line.trim().split(/\s+/);
        return { port: portIn(local), remotePort: portIn(remote), state, inode };
      }),
  );
}

/** The port in an address such as "0100007F:1F90". */
const portIn = (address: string) => Number.parseInt(address.slice(address.lastIndexOf(":") + 1), 16);

/** Who listens on a port, as "pid 4711 (node server.js)"; undefined when nothing does. */
export function findListener(port: number, sockets = readSockets()): string | undefined {
  const socket = sockets.find((each) => each.port === port && each.state === LISTEN);
  return socket && describeOwner(socket);
}

/** What holds a port. The listener is named first: it explains the connections to it. */
export function findPortHolder(port: number, sockets = readSockets()): PortHolder | undefined {
  const listener = findListener(port, sockets);
  if (listener) return { kind: "listener", owner: listener };
  const others = sockets.filter((each) => each.port === port && each.state !== SYN_RECEIVED);
  const owned = others.find(({ inode }) => inode !== "0");
  if (owned) return { kind: "connection", owner: describeOwner(owned) };
  return others.length > 0 ? { kind: "closing" } : undefined;
}

/** Whether a process listens on a port. Undefined when this user may not know: the process runs as another user. */
export function listensOn(pid: number, port: number): boolean | undefined {
  const links = new Set(
    readSockets()
      .filter((each) => each.port === port && each.state === LISTEN)
      .map(({ inode }) => `socket:[${inode}]`),
  );
  if (links.size === 0) return false;
  const files = openFiles(pid);
  if (files) return files.some((link) => links.has(link));
  return isEnding(pid) ? false : undefined; // the descriptors of an ending process cannot be read either
}

function describeOwner({ inode }: Socket): string {
  const pid = processIds().find((each) => openFiles(each)?.includes(`socket:[${inode}]`));
  if (pid === undefined) return "a process of another user";
  return `pid ${pid} (${commandLine(pid) || "unknown command"})`;
}

/** The targets of a process's file descriptors; undefined when it has ended or may not be inspected. */
export function openFiles(pid: number): string[] | undefined {
  const folder = `/proc/${pid}/fd`;
  try {
    return readdirSync(folder).map((fd) => {
      try {
        return readlinkSync(`${folder}/${fd}`);
      } catch (error) {
        // Without CAP_SYS_PTRACE, as in most containers, root may list another user's descriptors but not read them.
        if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
        return ""; // closed since it was listed
      }
    });
  } catch {
    return undefined;
  }
}
