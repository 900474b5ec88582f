import { type ServiceName, serviceNames, services } from "../../../services/_contracts/services";
import { listenerOf } from "../process/port-owner";
import { UserError } from "../user-error";

const servicePorts = Object.fromEntries(serviceNames.map((name) => [name, services[name].port])) as Record<
  ServiceName,
  number
>;

const base = {
  edge: 8080,
  admin: 9901,
  ...servicePorts,
  sandbox: 3090,
  smtp: 3025,
  postgres: 5433,
  mongo: 27018,
  redis: 6380,
};
export type Ports = typeof base;

/** The one setting that moves all ports: `PORT_OFFSET`. */
export function offsetFrom(env: Record<string, string | undefined>): number {
  const text = env.PORT_OFFSET ?? "0";
  const offset = Number(text);
  if (!/^\d+$/.test(text) || offset > 38_000) {
    throw new UserError(`PORT_OFFSET must be a whole number from 0 to 38000, not "${text}"`);
  }
  return offset;
}

export function portsAt(offset: number): Ports {
  return Object.fromEntries(Object.entries(base).map(([name, port]) => [name, port + offset])) as Ports;
}

/** The first instance has the service's own port, further ones (`--scale order=3`) follow 100 apart. */
export function instancePort(ports: Ports, service: ServiceName, index: number): number {
  return ports[service] + 100 * index;
}

/** Throws one line that names every port in use, by whom, and the way out. */
export function checkFree(wanted: { name: string; port: number }[], offset: number): void {
  const taken = wanted.flatMap(({ name, port }) => {
    const owner = listenerOf(port);
    return owner ? [`port ${port} (${name}) is in use by ${owner}`] : [];
  });
  if (taken.length === 0) return;
  throw new UserError(`${taken.join("; ")}. Stop it, or move all ports: PORT_OFFSET=${offset + 1000} bun run dev`);
}
