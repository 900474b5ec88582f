import { connections, type Program, ports } from "../topology";
import type { Manifest } from "./manifest";
import { networkPolicy, toPorts } from "./network-policy";
import { isProvider, peersOf, podsOf, selectPods } from "./parties";

const sandbox = { "app.kubernetes.io/name": "sandbox" };
const sandboxPorts = { stripe: 3000, smtp: 2525 };
const init = { "app.kubernetes.io/name": "init" };
const stores = { "app.kubernetes.io/component": "store" };
const storePorts = [ports.postgres, ports.mongo, ports.redis].flatMap(toPorts);

/** What only the overlay `local` has: the sandbox in place of the providers, and the Job `init`, which prepares the stores. */
export function localPolicies(): Manifest[] {
  const uses = connections.flatMap(({ from, to }) =>
    isProvider(to) ? [{ program: from as Program, ports: toPorts(sandboxPorts[to]) }] : [],
  );
  return [
    networkPolicy("sandbox", sandbox, {
      ingress: uses.map(({ program, ports }) => ({ from: [selectPods(podsOf(program))], ports })),
    }),
    ...uses.map(({ program, ports }) =>
      networkPolicy(`${program}-sandbox`, podsOf(program), { egress: [{ to: [selectPods(sandbox)], ports }] }),
    ),
    networkPolicy("init", init, {
      egress: [
        { to: [selectPods(stores)], ports: storePorts },
        { to: peersOf("dns"), ports: toPorts(ports.dns) },
      ],
    }),
    networkPolicy("stores-init", stores, { ingress: [{ from: [selectPods(init)], ports: storePorts }] }),
  ];
}
