import type { Fields } from "./mesh-objects";
import { ofKind } from "./objects";
import type { K8sObject } from "./render";

/** A pod, as NetworkPolicies see it. */
export type Pod = { name: string; namespace: string; labels: Record<string, string> };

/**
 * Evaluates NetworkPolicies: a connection is allowed if both ends allow it. A pod that no policy selects allows everything.
 * Only selectors of labels count, no address ranges.
 */
export function reachability(objects: K8sObject[]) {
  const policies = ofKind(objects, "NetworkPolicy");
  const selecting = (pod: Pod, direction: string) =>
    policies.filter(
      ({ metadata, spec }) =>
        metadata.namespace === pod.namespace &&
        spec.policyTypes.includes(direction) &&
        matches(spec.podSelector, pod.labels),
    );
  const allows = (pod: Pod, peer: Pod, port: number, direction: "Ingress" | "Egress") => {
    const found = selecting(pod, direction);
    const rules: Fields[] = found.flatMap(({ spec }) => spec[direction.toLowerCase()] ?? []);
    return found.length === 0 || rules.some((rule) => allowsPeer(rule, pod, peer) && allowsPort(rule, port));
  };
  return (from: Pod, to: Pod, port: number) => allows(from, to, port, "Egress") && allows(to, from, port, "Ingress");
}

function allowsPeer(rule: Fields, pod: Pod, peer: Pod): boolean {
  const peers: Fields[] | undefined = rule.from ?? rule.to;
  if (!peers) return true;
  return peers.some(({ namespaceSelector, podSelector, ipBlock }) => {
    if (ipBlock) return false;
    const inNamespace = namespaceSelector
      ? matches(namespaceSelector, { "kubernetes.io/metadata.name": peer.namespace })
      : peer.namespace === pod.namespace;
    return inNamespace && matches(podSelector ?? {}, peer.labels);
  });
}

const allowsPort = ({ ports }: Fields, port: number): boolean =>
  !ports || ports.some((one: Fields) => one.port === port && one.protocol === "TCP");

const matches = ({ matchLabels = {} }: Fields, labels: Record<string, string>): boolean =>
  Object.entries(matchLabels).every(([label, value]) => labels[label] === value);
