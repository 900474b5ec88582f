import type { ServiceName } from "../services/_contracts/services";
import { type Route, routes } from "./routes";

/** What Envoy sends requests to: the services that have routes, and the collector of traces. */
export type Upstream = ServiceName | "collector";

/**
 * The cluster that a route leads to. Streams have a cluster of their own, so that open streams neither use up connections
 * that other requests need nor count as load when Envoy picks an instance.
 */
export const clusterName = ({ service, stream }: Route): string => (stream ? `${service}-streams` : service);

/** All clusters by name, each with the upstream whose instances it has. A cluster exists even while it has no instance. */
export const clusters = new Map<string, Upstream>([
  ...routes.map((route): [string, Upstream] => [clusterName(route), route.service]),
  ["collector", "collector"],
]);

export const upstreams = [...new Set(clusters.values())];
