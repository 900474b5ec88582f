import { instancePort } from "../../deploy/local/config/ports";
import { openFiles, readSockets } from "../../deploy/local/process/port-holder";
import { serviceNames } from "../../services/_contracts/services";
import { collectorPort } from "./collector";
import { stack } from "./stack";

const LISTEN = "0A";
const SYN_SENT = "02";
const instanceIndexes = [0, 1];

/**
 * The TCP connections that services and edge have opened and not closed, as "payment → order". A peer that is no part of
 * the stack is named by its port.
 */
export function openConnections(): string[] {
  const sockets = readSockets();
  return [...programs()].flatMap(([pid, name]) => {
    const files = new Set(openFiles(pid));
    const own = sockets.filter(({ inode }) => files.has(`socket:[${inode}]`));
    const listening = new Set(own.filter(({ state }) => state === LISTEN).map(({ port }) => port));
    return own
      .filter(({ state, port }) => state !== LISTEN && state !== SYN_SENT && !listening.has(port))
      .map(({ remotePort }) => `${name} → ${listeners.get(remotePort) ?? `port ${remotePort}`}`);
  });
}

/** The pids of the running programs. They change when the launcher restarts one. */
function programs(): Map<number, string> {
  const instances = serviceNames.flatMap((service) =>
    instanceIndexes.map((index) => ({ name: service, pid: stack.pid(`${service}-${index}`) })),
  );
  const all = [...instances, { name: "edge", pid: stack.pid("envoy") }];
  return new Map(all.flatMap(({ name, pid }) => (pid === undefined ? [] : [[pid, name]])));
}

/** What listens on a port, by the names of deploy/topology.ts. */
const listeners = new Map<number, string>([
  ...serviceNames.flatMap((service) =>
    instanceIndexes.map((index): [number, string] => [instancePort(stack.ports, service, index), service]),
  ),
  [stack.ports.postgres, "postgres"],
  [stack.ports.mongo, "mongo"],
  [stack.ports.redis, "redis"],
  [stack.ports.sandbox, "stripe"],
  [stack.ports.smtp, "smtp"],
  [collectorPort(stack.offset), "collector"],
]);
