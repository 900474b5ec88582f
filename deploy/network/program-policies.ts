import { connections, type Program, programs } from "../topology";
import type { Manifest } from "./manifest";
import { incoming, networkPolicy, outgoing, toPorts } from "./network-policy";
import { isProvider, podsOf, selectPods } from "./parties";

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
  networkPolicy("otel-collector", podsOf("collector"), { ingress: incoming("collector") }),
];

const sandboxPorts = { stripe: 3000, smtp: 2525 };

/** For an overlay in which the sandbox stands in for the providers. */
export function sandboxPolicies(): Manifest[] {
  const uses = connections.flatMap(({ from, to }) =>
    isProvider(to) ? [{ program: from as Program, ports: toPorts(sandboxPorts[to]) }] : [],
  );
  const sandbox = podsOf("sandbox");
  return [
    networkPolicy("sandbox", sandbox, {
      ingress: uses.map(({ program, ports }) => ({ from: [selectPods(podsOf(program))], ports })),
    }),
    ...uses.map(({ program, ports }) =>
      networkPolicy(`${program}-sandbox`, podsOf(program), { egress: [{ to: [selectPods(sandbox)], ports }] }),
    ),
  ];
}
