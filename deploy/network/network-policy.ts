import { type Connection, connections, type Party, ports } from "../topology";
import type { Manifest } from "./manifest";
import { peersOf, selectPods } from "./parties";

type Port = { protocol: string; port: number };
export type Ingress = { from: object[]; ports?: Port[] };
export type Egress = { to?: object[]; ports?: Port[] };

/** Who may connect to these parties. */
export const incoming = (...parties: Party[]): Ingress[] =>
  byPort(
    connections.filter(({ to }) => parties.includes(to)),
    ({ from }) => from,
  ).map(({ peers, port }) => ({ from: peers, ports: toPorts(port) }));

/** To whom a party may connect. */
export const outgoing = (party: Party): Egress[] =>
  byPort(
    connections.filter(({ from }) => from === party),
    ({ to }) => to,
  ).map(({ peers, port }) => ({ to: peers, ports: toPorts(port) }));

/** One rule for each port, with each peer once. */
const byPort = (rows: Connection[], otherEnd: (row: Connection) => Party) =>
  [...Map.groupBy(rows, ({ port }) => port)].map(([port, group]) => {
    const peers = [...new Set(group.map(otherEnd))].flatMap(peersOf);
    return { port, peers: [...new Map(peers.map((peer) => [JSON.stringify(peer), peer])).values()] };
  });

/** DNS is asked over UDP, and over TCP if an answer is long. */
export const toPorts = (port: number): Port[] =>
  (port === ports.dns ? ["UDP", "TCP"] : ["TCP"]).map((protocol) => ({ protocol, port }));

/** Allows connections of the pods with these labels. It says nothing about a direction without rules. */
export function networkPolicy(
  name: string,
  labels: Record<string, string>,
  { ingress = [], egress = [] }: { ingress?: Ingress[]; egress?: Egress[] },
): Manifest {
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name },
    spec: {
      ...selectPods(labels),
      policyTypes: [...(ingress.length > 0 ? ["Ingress"] : []), ...(egress.length > 0 ? ["Egress"] : [])],
      ...(ingress.length > 0 && { ingress }),
      ...(egress.length > 0 && { egress }),
    },
  };
}
