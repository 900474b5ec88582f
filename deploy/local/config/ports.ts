import { type ServiceName, serviceNames, services } from "../../../services/_contracts/services";
import { UserError } from "../user-error";

const OFFSET_MAX = 38_000; // the highest port, MongoDB's, stays below 65536

const servicePorts = Object.fromEntries(serviceNames.map((name) => [name, services[name].port])) as Record<
  ServiceName,
  number
>;

/** The ports at PORT_OFFSET=0. */
const base = {
  edge: 8080,
  admin: 9901,
  ops: 9902,
  ...servicePorts,
  sandbox: 3090,
  smtp: 3025,
  postgres: 5433,
  mongo: 27018,
  redis: 6380,
};
export type Ports = typeof base;

/**
 * Reads `PORT_OFFSET`, the number that is added to every port.
 * @throws UserError unless it is a whole number from 0 to 38000
 */
export function offsetFrom(env: Record<string, string | undefined>): number {
  const text = env.PORT_OFFSET ?? "0";
  const offset = Number(text);
  if (!/^\d+$/.test(text) || offset > OFFSET_MAX) {
    throw new UserError(`PORT_OFFSET must be a whole number from 0 to ${OFFSET_MAX}, not "${text}"`);
  }
  return offset;
}

export function portsAt(offset: number): Ports {
  return Object.fromEntries(Object.entries(base).map(([name, port]) => [name, port + offset])) as Ports;
}

/** The first instance has the service's own port; further ones (`--scale order=3`) follow at a distance of 100. */
export function instancePort(ports: Ports, service: ServiceName, index: number): number {
  return ports[service] + 100 * index;
}
