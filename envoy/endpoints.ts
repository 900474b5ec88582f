import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type Upstream, upstreams } from "./clusters";
import type { Discovery } from "./config";
import { typeUrl } from "./envoy-api";
import { toResources, writeAtomically } from "./write";

/** An IP address and a port. Envoy resolves no host names here. */
export type Instance = { address: string; port: number };

/**
 * Discovery by files (EDS): Envoy watches one file for each upstream, in `dir`/endpoints.
 * @see https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/core/v3/config_source.proto
 */
export const endpointFiles =
  (dir: string): Discovery =>
  (upstream) => ({
    eds_cluster_config: {
      service_name: upstream,
      eds_config: { resource_api_version: "V3", path_config_source: { path: endpointFile(dir, upstream) } },
    },
    type: "EDS",
  });

/**
 * Writes an endpoint file without instances for every upstream. Call this before Envoy starts. Until `writeEndpoints`
 * adds an instance, Envoy then answers 503 at once. Without the file it would wait.
 */
export async function resetEndpoints(dir: string): Promise<void> {
  await mkdir(join(dir, "endpoints"), { recursive: true });
  await Promise.all(upstreams.map((upstream) => writeEndpoints(dir, upstream, [])));
}

/** Replaces the instances of an upstream. Requests under way at an instance that is removed are finished there. */
export const writeEndpoints = (dir: string, upstream: Upstream, instances: Instance[]): Promise<void> =>
  writeAtomically(
    endpointFile(dir, upstream),
    toResources([
      {
        "@type": typeUrl("config.endpoint.v3.ClusterLoadAssignment"),
        cluster_name: upstream,
        endpoints: [
          {
            lb_endpoints: instances.map(({ address, port }) => ({
              endpoint: { address: { socket_address: { address, port_value: port } } },
            })),
          },
        ],
      },
    ]),
  );

const endpointFile = (dir: string, upstream: Upstream) => join(dir, "endpoints", `${upstream}.yaml`);
