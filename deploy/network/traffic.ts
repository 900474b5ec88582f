import { routes, versionPrefixes } from "../../envoy/routes";
import { type ServiceName, serviceNames } from "../../services/_contracts/services";
import { ports } from "../topology";
import { istio, type Manifest } from "./manifest";
import { fullName } from "./parties";

/**
 * The mesh carries requests and does nothing else with them. The edge balances over the pods, ejects failing ones and retries;
 * between services the client in _kit/http retries and breaks the circuit. By default Istio would retry, too.
 */
const untouched = { retries: { attempts: 0 } };

/** An idle connection is closed before the service closes it, for the reason given in envoy/clusters.yaml. */
export const connectionPool = { http: { idleTimeout: "5s" } };

/** The host for the edge, which picks the pod. Services call each other as `<service>`, which is any pod. */
export const podsHost = (service: ServiceName) => `${service}-pods`;
const hostsOf = (service: ServiceName) => [service, podsHost(service)];

export const routing = (): Manifest[] => [
  ...serviceNames.flatMap((service) => [
    virtualService(service, publicRoute(service)),
    virtualService(podsHost(service), []),
  ]),
  ...[...serviceNames.flatMap(hostsOf), "edge"].map(destinationRule),
];

/** For callers inside of the mesh. */
const virtualService = (host: string, first: object[]): Manifest =>
  istio("networking", "VirtualService", host, {
    hosts: [fullName(host)],
    gateways: ["mesh"],
    http: [...first, { name: "any", ...toHost(host, ports.service) }],
  });

/** A service's public API under the paths that clients of the edge use. Its AuthorizationPolicy says who may call it. */
function publicRoute(service: ServiceName): object[] {
  const own = routes.filter((route) => route.service === service && !route.root);
  const folders = [...new Set(own.map(({ path }) => path.split("/")[1]))];
  if (folders.length === 0) return [];
  const prefixes = folders.flatMap((folder) => versionPrefixes.map((version) => `${version}/${folder}`));
  return [
    {
      name: "public",
      match: prefixes.map((prefix) => ({ uri: { prefix } })),
      rewrite: { uriRegexRewrite: { match: `^(${versionPrefixes.join("|")})/`, rewrite: "/" } },
      ...toHost(service, ports.service),
    },
  ];
}

export const toHost = (host: string, number: number) => ({
  route: [{ destination: { host: fullName(host), port: { number } } }],
  ...untouched,
});

/** Without this rule, Istio would send plain text to `<service>-pods`: it does not choose TLS itself for headless Services. */
const destinationRule = (host: string): Manifest =>
  istio("networking", "DestinationRule", host, {
    host: fullName(host),
    trafficPolicy: { tls: { mode: "ISTIO_MUTUAL" }, connectionPool },
  });
