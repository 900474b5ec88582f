import { instancePort } from "../../deploy/local/config/ports";
import { openFiles, readSockets } from "../../deploy/local/process/port-holder";
import { serviceNames, services } from "../../services/_contracts/services";
import { collectorPort } from "./collector";
import { stack } from "./stack";

const LISTEN = "0A";
const SYN_SENT = "02";
const instanceIndexes = [0, 1];

/**
 * The TCP connections that services and edge have opened and not closed, as "payment → order", with the names of
 * deploy/topology.ts. A peer that the service should not know is named by its port.
 */
export function openConnections(): string[] {
  const sockets = readSockets();
  return programs().flatMap(({ name, pid, database }) => {
    const files = new Set(openFiles(pid));
    const own = sockets.filter(({ inode }) => files.has(`socket:[${inode}]`));
    const listening = new Set(own.filter(({ state }) => state === LISTEN).map(({ port }) => port));
    const peer = (port: number) => (port === database ? `${name}-db` : (peers.get(port) ?? `port ${port}`));
    return own
      .filter(({ state, port }) => state !== LISTEN && state !== SYN_SENT && !listening.has(port))
      .map(({ remotePort }) => `${name} → ${peer(remotePort)}`);
  });
}

/** The running programs; `database` is the port of the service's own store. */
function programs() {
  const instances = serviceNames.flatMap((name) =>
    instanceIndexes.map((index) => ({
      name: name as string,
      pid: stack.pid(`${name}-${index}`),
      database: stack.ports[services[name].store] as number | undefined,
    })),
  );
  return [...instances, { name: "edge", pid: stack.pid("envoy"), database: undefined }].flatMap(
    ({ pid, ...program }) => (pid === undefined ? [] : [{ pid, ...program }]),
  );
}

const peers = new Map<number, string>([
  ...serviceNames.flatMap((service) =>
    instanceIndexes.map((index): [number, string] => [instancePort(stack.ports, service, index), service]),
  ),
  [stack.ports.redis, "redis"],
  [stack.ports.sandbox, "stripe"],
  [stack.ports.smtp, "smtp"],
  [collectorPort(stack.offset), "collector"],
]);
