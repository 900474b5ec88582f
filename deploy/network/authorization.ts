import { type Connection, connections, type Request } from "../topology";
import { istio, type Manifest } from "./manifest";
import { type Meshed, meshed, podsOf, principalOf } from "./parties";

/** Refuses every request to a program in the mesh, then allows those of the topology, by the caller's certificate. */
export const authorizationPolicies = (): Manifest[] => [
  istio("security", "AuthorizationPolicy", "deny-all", {}),
  ...meshed.map((program) =>
    istio("security", "AuthorizationPolicy", program, {
      selector: { matchLabels: podsOf(program) },
      action: "ALLOW",
      rules: connections.filter(({ to }) => to === program).map((row) => toRule(row, program)),
    }),
  ),
];

function toRule({ from, port, requests }: Connection, to: Meshed) {
  const principal = principalOf(from);
  if (!principal) throw new Error(`${from} → ${to}: ${from} has no certificate of the mesh`);
  return {
    from: [{ source: { principals: [principal] } }],
    to: requests ? operations(port, requests) : [{ operation: { ports: [String(port)] } }],
  };
}

/** One operation for each method. */
const operations = (port: number, requests: Request[]) =>
  [...Map.groupBy(requests, ({ method }) => method)].map(([method, group]) => ({
    operation: {
      ports: [String(port)],
      methods: [method],
      paths: group.map(({ path }) => toPattern(path)),
    },
  }));

/** `/orders/{id}` as Istio writes it: `{*}` is one segment. */
const toPattern = (path: string) => path.replaceAll(/\{\w+\}/g, "{*}");
