import { connections, type Party, type Provider } from "../topology";
import { istio, type Manifest } from "./manifest";
import { fullName, isMeshed, isProvider, type Meshed, meshed, podsOf, providerHosts } from "./parties";
import { connectionPool } from "./traffic";

/** What each program sees of the mesh: the programs it calls and the providers it uses. Other hosts do not exist for it. */
export const sidecars = (): Manifest[] =>
  meshed.map((program) =>
    istio("networking", "Sidecar", program, {
      workloadSelector: { labels: podsOf(program) },
      inboundConnectionPool: connectionPool,
      outboundTrafficPolicy: { mode: "REGISTRY_ONLY" },
      egress: [{ hosts: visibleHosts(program) }],
    }),
  );

function visibleHosts(program: Meshed): string[] {
  const hosts = connections.filter(({ from }) => from === program).flatMap(({ to }) => hostsFor(program, to));
  return hosts.length > 0 ? hosts.map((host) => `./${host}`) : ["~/*"];
}

function hostsFor(program: Meshed, to: Party): string[] {
  if (isProvider(to)) return [providerHosts[to]];
  if (!isMeshed(to)) return [];
  // The edge picks the pods itself. It fetches the public keys from any pod of user.
  if (program === "edge") return to === "user" ? [fullName("user"), fullName("user-pods")] : [fullName(`${to}-pods`)];
  return [fullName(to)];
}

/** The hosts outside of the cluster. */
export const providers = (): Manifest[] => [
  external("stripe", { number: 443, name: "tls", protocol: "TLS" }),
  external("smtp", { number: 587, name: "tcp-smtp", protocol: "TCP" }),
];

const external = (provider: Provider, port: { number: number; name: string; protocol: string }): Manifest =>
  istio("networking", "ServiceEntry", provider, {
    hosts: [providerHosts[provider]],
    exportTo: ["."],
    location: "MESH_EXTERNAL",
    resolution: "DNS",
    ports: [port],
  });
