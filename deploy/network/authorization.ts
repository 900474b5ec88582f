import { type Connection, connections, type Request, scrapers } from "../topology";
import { istio, type Manifest } from "./manifest";
import { meshed, podsOf, principalOf } from "./parties";

/**
 * Refuses every request to a program in the mesh, then allows those of the topology, by the caller's certificate. Probes and
 * scrapes have no rule: they go to the sidecar's agent, or to a port that the sidecar does not capture.
 */
export const authorizationPolicies = (): Manifest[] => [
  istio("security", "AuthorizationPolicy", "deny-all", {}),
  ...meshed.flatMap((program) => {
    const callers = connections.filter(({ from, to }) => to === program && !scrapers.some((one) => one === from));
    if (callers.length === 0) return [];
    return istio("security", "AuthorizationPolicy", program, {
      selector: { matchLabels: podsOf(program) },
      action: "ALLOW",
      rules: callers.map(toRule),
    });
  }),
];

const toRule = ({ from, port, requests }: Connection) => ({
  from: [{ source: { principals: [principalOf(from)] } }],
  to: requests ? operations(port, requests) : [{ operation: { ports: [String(port)] } }],
});

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
