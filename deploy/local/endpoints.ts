import { writeEndpoints } from "./envoy";
import type { Service } from "./ports";

/** Which instances Envoy may send to. An instance is in it from its first /ready until it is asked to end, or dies. */
export function trackEndpoints(outDir: string) {
  const live = new Map<Service, Set<number>>();
  let writing: Promise<void> = Promise.resolve();

  /** Writes follow one another, each with the ports known when its turn comes: an older list never overwrites a newer. */
  function publish(service: Service): Promise<void> {
    writing = writing
      .catch(() => {})
      .then(() =>
        writeEndpoints(
          outDir,
          service,
          [...(live.get(service) ?? [])].sort((a, b) => a - b),
        ),
      );
    return writing;
  }
  function portsOf(service: Service): Set<number> {
    const ports = live.get(service) ?? new Set<number>();
    live.set(service, ports);
    return ports;
  }
  return {
    add(service: Service, port: number): Promise<void> {
      portsOf(service).add(port);
      return publish(service);
    },
    async remove(service: Service, port: number): Promise<void> {
      if (portsOf(service).delete(port)) await publish(service);
    },
  };
}
