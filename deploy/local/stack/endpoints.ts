import { writeEndpoints } from "../../../envoy/endpoints";
import type { ServiceName } from "../../../services/_contracts/services";

/** Sets the ports at which Envoy reaches a service. All instances listen on the loopback address. */
export const writePorts = (outDir: string, service: ServiceName, ports: number[]): Promise<void> =>
  writeEndpoints(
    outDir,
    service,
    ports.map((port) => ({ address: "127.0.0.1", port })),
  );

/** Which instances Envoy may send to. An instance is in it from its first /ready until it is asked to end, or dies. */
export function trackEndpoints(outDir: string) {
  const live = new Map<ServiceName, Set<number>>();
  let writing: Promise<void> = Promise.resolve();

  /** Writes follow one another, each with the ports known when its turn comes: an older list never overwrites a newer. */
  function publish(service: ServiceName): Promise<void> {
    writing = writing
      .catch(() => {})
      .then(() =>
        writePorts(
          outDir,
          service,
          [...(live.get(service) ?? [])].sort((a, b) => a - b),
        ),
      );
    return writing;
  }
  function portsOf(service: ServiceName): Set<number> {
    const ports = live.get(service) ?? new Set<number>();
    live.set(service, ports);
    return ports;
  }
  return {
    add(service: ServiceName, port: number): Promise<void> {
      portsOf(service).add(port);
      return publish(service);
    },
    async remove(service: ServiceName, port: number): Promise<void> {
      if (portsOf(service).delete(port)) await publish(service);
    },
  };
}
