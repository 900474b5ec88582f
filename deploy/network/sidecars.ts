import { connections, type Party, type Provider, ports } from "../topology";
import { istio, type Manifest } from "./manifest";
import { fullName, isMeshed, isProvider, type Meshed, meshed, podsOf, providerHosts } from "./parties";
import { connectionPool, podsHost } from "./traffic";

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
  if (program !== "edge" || to === "edge") return [fullName(to)];
  // The edge fetches the public keys from any pod of user.
  return [...(to === "user" ? [fullName(to)] : []), fullName(podsHost(to))];
}

/** The hosts outside of the cluster. */
export function providers(): Manifest[] {
  const smtp = external("smtp", { number: ports.smtp, name: "tcp-smtp", protocol: "TCP" });
  return [
    external("stripe", { number: ports.https, name: "tls", protocol: "TLS" }),
    // Without an address, all of notification's connections to this port lead to this host, as they should.
    { ...smtp, metadata: { ...smtp.metadata, annotations: { "galley.istio.io/analyze-suppress": "IST0134" } } },
  ];
}

const external = (provider: Provider, port: { number: number; name: string; protocol: string }): Manifest =>
  istio("networking", "ServiceEntry", provider, {
    hosts: [providerHosts[provider]],
    exportTo: ["."],
    location: "MESH_EXTERNAL",
    resolution: "DNS",
    ports: [port],
  });
