import { routes, versionPrefixes } from "../../envoy/routes";
import { type ServiceName, serviceNames } from "../../services/_contracts/services";
import { ports } from "../topology";
import { istio, type Manifest } from "./manifest";
import { fullName } from "./parties";

/**
 * The mesh carries requests and does nothing else with them. The edge balances over the pods, ejects failing ones and retries;
 * between services the client in _kit/http retries and breaks the circuit. By default Istio would retry, too.
 */
export const untouched = { retries: { attempts: 0 } };

/** The hosts of a program: for callers that reach any pod, and for the edge, which picks the pod. */
const podsHost = (service: ServiceName) => `${service}-pods`;
export const hostsOf = (service: ServiceName) => [service, podsHost(service)];

export const routing = (): Manifest[] => [
  ...serviceNames.flatMap((service) => [
    virtualService(service, publicRoute(service)),
    virtualService(podsHost(service), []),
  ]),
  ...[...serviceNames.flatMap(hostsOf), "edge"].map(destinationRule),
];

/** Inside of the mesh, `http://<host>:3000`. */
const virtualService = (host: string, first: object[]): Manifest =>
  istio("networking", "VirtualService", host, {
    hosts: [fullName(host)],
    gateways: ["mesh"],
    http: [...first, { name: "any", ...toHost(host, ports.service) }],
  });

/** A service's public API under the paths that clients use, as the edge maps them (envoy/routes.ts). */
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

/**
 * Without a rule for `<service>-pods`, Istio would send plain text there: it does not choose mTLS by itself for headless
 * services. The idle timeout is shorter than that of the services, for the reason given in envoy/clusters.yaml.
 */
const destinationRule = (host: string): Manifest =>
  istio("networking", "DestinationRule", host, {
    host: fullName(host),
    trafficPolicy: { tls: { mode: "ISTIO_MUTUAL" }, connectionPool },
  });

export const connectionPool = { http: { idleTimeout: "5s" } };
