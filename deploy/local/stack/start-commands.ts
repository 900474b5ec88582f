import type { AppEnv } from "../config/env";
import { portsAt } from "../config/ports";
import { findPortHolder, readSockets } from "../process/port-holder";
import { readText } from "../process/proc";

const OFFSET_STEP = 1000;
const CANDIDATES = [1, 2, 3, 4, 5].map((factor) => factor * OFFSET_STEP);

const startCommands: Record<AppEnv, (offset: number) => string> = {
  dev: (offset) => `PORT_OFFSET=${offset} bun run dev`,
  test: (offset) => `TEST_PORT_OFFSET=${offset} bun run test`,
  bench: (offset) => `BENCH_PORT_OFFSET=${offset} bun run bench`,
};

/** A command that starts the same kind of stack at free ports, for messages about ports in use. */
export function commandAtFreePorts(appEnv: AppEnv, offset: number): string {
  return startCommands[appEnv](findFreeOffset(offset));
}

/** The command that stops the stack at an offset. */
export function stopCommand(offset: number): string {
  return `${offset > 0 ? `PORT_OFFSET=${offset} ` : ""}bun run down`;
}

/**
 * Another offset at which all ports are free, if possible below the range from which the kernel takes the local ports
 * of outgoing connections: in that range a port may be in use at any moment.
 */
function findFreeOffset(offset: number): number {
  const sockets = readSockets();
  const ephemeralMin = Number(readText("/proc/sys/net/ipv4/ip_local_port_range").split(/\s+/)[0] || 65_536);
  const ports = (candidate: number) => Object.values(portsAt(candidate));
  const others = CANDIDATES.filter((candidate) => candidate !== offset);
  const free = others.filter((candidate) => ports(candidate).every((port) => !findPortHolder(port, sockets)));
  const safe = free.filter((candidate) => Math.max(...ports(candidate)) < ephemeralMin);
  return safe.find((candidate) => candidate > offset) ?? safe[0] ?? free[0] ?? offset + OFFSET_STEP;
}
