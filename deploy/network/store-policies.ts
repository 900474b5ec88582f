import { connections, ports, programs } from "../topology";
import type { Manifest } from "./manifest";
import { incoming, networkPolicy, toPorts } from "./network-policy";
import { inNamespace, isStore, peersOf, podsOf, selectPods } from "./parties";
import { storePods } from "./store-pods";

/** The ports of the Kubernetes API. No label selects its address. */
const apiPorts = [443, 6443].flatMap(toPorts);

/** For stores in the cluster. Besides its clients, a store talks to its other members and to its operator. */
export const storePolicies = (): Manifest[] =>
  storePods.map(({ name, labels, stores, operator }) => {
    const members = [selectPods(labels)];
    return networkPolicy(name, labels, {
      ingress: [
        ...incoming(...stores),
        { from: members },
        ...(operator ? [{ from: [inNamespace(operator.namespace)] }] : []),
      ],
      egress: [
        { to: members },
        { to: peersOf("dns"), ports: toPorts(ports.dns) },
        ...(operator?.callsApi ? [{ ports: apiPorts }] : []),
      ],
    });
  });

/** Stands for the address range of managed stores. The overlay that has some replaces it. */
export const anyManagedStore = "192.0.2.0/24";

/** For stores outside of the cluster. */
export const managedStorePolicies = (): Manifest[] =>
  programs.flatMap((program) => {
    const used = connections.filter(({ from, to }) => from === program && isStore(to)).map(({ port }) => port);
    if (used.length === 0) return [];
    const egress = [{ to: [{ ipBlock: { cidr: anyManagedStore } }], ports: [...new Set(used)].flatMap(toPorts) }];
    return networkPolicy(`${program}-managed-stores`, podsOf(program), { egress });
  });
