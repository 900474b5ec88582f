import { programs, scrapers } from "../topology";
import type { Manifest } from "./manifest";
import { incoming, networkPolicy, outgoing, toPorts } from "./network-policy";
import { inNamespace, peersOf, podsOf, selectPods } from "./parties";

/** Denies every connection of every pod in the namespace, then allows those of the topology. */
export const programPolicies = (): Manifest[] => [
  {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name: "deny-all" },
    spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"] },
  },
  ...programs.map((program) =>
    networkPolicy(program, podsOf(program), { ingress: incoming(program), egress: outgoing(program) }),
  ),
];

/** What the sidecars add: they get configuration and certificates from istiod, and their agent serves the metrics. */
export const sidecarPolicies = (): Manifest[] => [
  networkPolicy(
    "sidecars",
    { "sidecar.istio.io/inject": "true" },
    {
      ingress: [{ from: scrapers.flatMap(peersOf), ports: toPorts(15020) }],
      egress: [{ to: [{ ...inNamespace("istio-system"), ...selectPods({ app: "istiod" }) }], ports: toPorts(15012) }],
    },
  ),
];
