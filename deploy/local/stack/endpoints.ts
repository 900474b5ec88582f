import { writeEndpoints } from "../../../envoy/endpoints";
import type { ServiceName } from "../../../services/_contracts/services";

/** Sets the ports at which Envoy reaches a service. All instances listen on the loopback address. */
export const writePorts = (outDir: string, service: ServiceName, ports: number[]): Promise<void> =>
  writeEndpoints(
    outDir,
    service,
    ports.map((port) => ({ address: "127.0.0.1", port })),
  );

/** The instances that Envoy sends requests to: each from its first /ready until it is stopped or dies. */
export function trackEndpoints(outDir: string) {
  const instances = new Map<ServiceName, Set<number>>();
  let writing: Promise<void> = Promise.resolve();

  /** Writes run one after the other, each with the latest ports, so that an older list never overwrites a newer one. */
  function write(service: ServiceName): Promise<void> {
    writing = writing
      .catch(() => {})
      .then(() =>
        writePorts(
          outDir,
          service,
          [...(instances.get(service) ?? [])].sort((a, b) => a - b),
        ),
      );
    return writing;
  }
  function getPorts(service: ServiceName): Set<number> {
    const ports = instances.get(service) ?? new Set<number>();
    instances.set(service, ports);
    return ports;
  }
  return {
    add(service: ServiceName, port: number): Promise<void> {
      getPorts(service).add(port);
      return write(service);
    },
    async remove(service: ServiceName, port: number): Promise<void> {
      if (getPorts(service).delete(port)) await write(service);
    },
  };
}
