import { type Fields, fullName, istioKind, meshedServices } from "./mesh-objects";
import { ofKind } from "./objects";
import { type K8sObject, nameOf } from "./render";

/** One owner of balancing, retries, limits and sampling, and no way around the edge. */

type Rule = (objects: K8sObject[]) => string[];

const routesOf = (virtualService: K8sObject): Fields[] => virtualService.spec.http ?? [];
const destinationsOf = (route: Fields): Fields[] => (route.route ?? []).map(({ destination }: Fields) => destination);

const requestsAreTriedOnce: Rule = (objects) => {
  const routed = istioKind(objects, "VirtualService").flatMap(({ spec }) => spec.hosts as string[]);
  return [
    ...istioKind(objects, "VirtualService").flatMap((virtualService) =>
      routesOf(virtualService).flatMap((route) => [
        ...(route.retries?.attempts === 0 ? [] : [`${nameOf(virtualService)}: the mesh retries route ${route.name}`]),
        ...["timeout", "fault", "mirror", "mirrors"]
          .filter((field) => field in route)
          .map((field) => `${nameOf(virtualService)}: route ${route.name} has ${field}`),
      ]),
    ),
    // By default Istio retries twice.
    ...meshedServices(objects)
      .filter((service) => service.metadata.name !== "edge" && !routed.includes(fullName(service)))
      .map((service) => `${nameOf(service)}: no VirtualService switches the retries of the mesh off`),
  ];
};

const limitsBelongToTheEdge: Rule = (objects) => [
  ...istioKind(objects, "DestinationRule").flatMap((rule) => {
    const { tls: _, connectionPool, ...rest } = rule.spec.trafficPolicy;
    const fields = [...Object.keys(rest), ...limits(connectionPool)];
    return fields.map((field) => `${nameOf(rule)}: ${field} belongs to the edge`);
  }),
  ...istioKind(objects, "Sidecar").flatMap((sidecar) =>
    limits(sidecar.spec.inboundConnectionPool).map((field) => `${nameOf(sidecar)}: ${field} belongs to the edge`),
  ),
  ...istioKind(objects, "EnvoyFilter").map((filter) => `${nameOf(filter)}: the edge is configured in envoy/ only`),
];

/** The settings of a connection pool, except that idle connections are closed. */
const limits = (pool: Record<string, object> = {}): string[] =>
  Object.entries(pool).flatMap(([protocol, settings]) =>
    Object.keys(settings)
      .map((field) => `${protocol}.${field}`)
      .filter((field) => field !== "http.idleTimeout"),
  );

const samplingBelongsToTheEdge: Rule = (objects) => {
  const settings = istioKind(objects, "Telemetry").flatMap(({ spec }) => spec.tracing ?? []);
  const silent = (one: object) => JSON.stringify(one) === '{"disableSpanReporting":true}';
  return settings.length > 0 && settings.every(silent) ? [] : ["Telemetry: the mesh samples traces"];
};

const everyPathLeadsToTheEdge: Rule = (objects) => {
  const gateways = new Map(istioKind(objects, "Gateway").map((gateway) => [gateway.metadata.name, gateway]));
  const fromOutside = istioKind(objects, "VirtualService").flatMap((virtualService) => {
    const names = (virtualService.spec.gateways ?? ["mesh"]).filter((name: string) => name !== "mesh");
    if (names.length === 0) return [];
    const hosts = routesOf(virtualService).flatMap(destinationsOf);
    const other = hosts.filter(({ host, port }) => !/^edge\./.test(host) || port.number !== 8080);
    return [
      ...other.map(({ host }) => `${nameOf(virtualService)}: leads from a gateway to ${host}, past the edge`),
      ...names
        .filter((name: string) => !gateways.has(name))
        .map((name: string) => `${nameOf(virtualService)}: there is no gateway ${name}`),
    ];
  });
  const insecure = [...gateways.values()].flatMap((gateway) =>
    (gateway.spec.servers as Fields[])
      .filter(({ tls }) => !(tls?.httpsRedirect || (tls?.mode === "SIMPLE" && tls.credentialName)))
      .map(({ port }) => `${nameOf(gateway)}: port ${port?.number} serves without TLS`),
  );
  return [...fromOutside, ...insecure];
};

const hostsExist: Rule = (objects) => {
  const known = new Set([
    ...ofKind(objects, "Service").map(fullName),
    ...istioKind(objects, "ServiceEntry").flatMap(({ spec }) => spec.hosts as string[]),
  ]);
  const wanted: [K8sObject, string[]][] = [
    ...istioKind(objects, "VirtualService").map((one): [K8sObject, string[]] => [
      one,
      routesOf(one)
        .flatMap(destinationsOf)
        .map(({ host }) => host),
    ]),
    ...istioKind(objects, "DestinationRule").map((one): [K8sObject, string[]] => [one, [one.spec.host]]),
    ...istioKind(objects, "Sidecar").map((one): [K8sObject, string[]] => [
      one,
      one.spec.egress
        .flatMap(({ hosts }: Fields) => hosts)
        .filter((host: string) => host !== "~/*")
        .map((host: string) => host.replace(/^\.\//, "")),
    ]),
  ];
  return wanted.flatMap(([object, hosts]) =>
    hosts.filter((host) => !known.has(host)).map((host) => `${nameOf(object)}: there is no host ${host}`),
  );
};

export const trafficRules: Rule[] = [
  requestsAreTriedOnce,
  limitsBelongToTheEdge,
  samplingBelongsToTheEdge,
  everyPathLeadsToTheEdge,
  hostsExist,
];
