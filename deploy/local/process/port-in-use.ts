import { UserError } from "../user-error";
import { findListener, findPortHolder, type NamedPort, type PortHolder, readSockets } from "./port-holder";

/** A process of the stack cannot use its port. The message names the port and who holds it. */
export class PortInUseError extends UserError {
  constructor(
    message: string,
    readonly holder: PortHolder["kind"] | "unknown",
  ) {
    super(message);
  }
}

/** How many ports one message describes. A second checkout's stack would otherwise fill the screen. */
const DESCRIBED_MAX = 3;

/**
 * Checks before a start that nothing listens on any of these ports.
 * @throws PortInUseError that names the first ports in use and their owners
 */
export function assertNoListeners(ports: NamedPort[]): void {
  const sockets = readSockets();
  const taken = ports.flatMap((each) => {
    const owner = findListener(each.port, sockets);
    return owner ? [`${describePort(each)} is in use by ${owner}`] : [];
  });
  if (taken.length === 0) return;
  const more = taken.length > DESCRIBED_MAX ? [`and ${taken.length - DESCRIBED_MAX} more ports are in use`] : [];
  throw new PortInUseError([...taken.slice(0, DESCRIBED_MAX), ...more].join("; "), "listener");
}

/**
 * The error for a process that could not bind one of its ports. Names the port with the strongest holder: closed
 * connections to a server that has ended are harmless, and any of its ports may have some.
 */
export function portInUse(ports: NamedPort[]): PortInUseError {
  const sockets = readSockets();
  for (const kind of ["listener", "connection", "closing"] as const) {
    for (const each of ports) {
      const holder = findPortHolder(each.port, sockets);
      if (holder?.kind === kind) return new PortInUseError(`${describePort(each)} is ${describeHolder(holder)}`, kind);
    }
  }
  return new PortInUseError(`${ports.map(describePort).join(" or ")} is in use`, "unknown");
}

const PATIENCE_MS: Record<PortInUseError["holder"], number> = {
  listener: 0,
  connection: 3_000, // outgoing connections are often short
  closing: 125_000, // the kernel waits up to 60 s for the other side to close, then up to 60 s for late packets
  unknown: 5_000, // the port was released after the failure
};
const RETRY_MS = 1_000;

/**
 * Retries `start` while a port it needs is about to become free. Only a closed connection is worth a long wait: the kernel
 * will release it.
 */
export async function retryWhilePortsClose(start: () => Promise<void>, print: (line: string) => void): Promise<void> {
  let holder: PortInUseError["holder"] | undefined;
  let heldSince = 0;
  for (;;) {
    try {
      return await start();
    } catch (error) {
      if (!(error instanceof PortInUseError)) throw error;
      if (error.holder !== holder) {
        holder = error.holder;
        heldSince = Date.now();
        if (holder === "closing")
          print(`${error.message}; waiting for the system to release it, usually within a minute`);
      }
      if (Date.now() - heldSince >= PATIENCE_MS[holder]) throw error;
    }
    await Bun.sleep(RETRY_MS);
  }
}

function describePort({ name, port }: NamedPort): string {
  return `port ${port} (${name})`;
}

function describeHolder(holder: PortHolder): string {
  if (holder.kind === "closing") return "held by a closed connection";
  return `in use by ${holder.kind === "connection" ? "an outgoing connection of " : ""}${holder.owner}`;
}
