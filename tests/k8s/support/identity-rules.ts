import { type Fields, fullName, istioKind, meshedServices } from "./mesh-objects";
import { podTemplate, selects, serving } from "./objects";
import { type K8sObject, nameOf } from "./render";

/** Everybody in the mesh proves who they are, and may do what the topology lists. */

type Rule = (objects: K8sObject[]) => string[];

const gatewayPrincipal = "cluster.local/ns/istio-ingress/sa/istio-ingress";

const principalsExist: Rule = (objects) => {
  const accounts = serving(objects).map(({ metadata, spec }) => {
    const account = spec.template.spec.serviceAccountName;
    return `cluster.local/ns/${metadata.namespace}/sa/${account}`;
  });
  const known = new Set([...accounts, gatewayPrincipal]);
  return istioKind(objects, "AuthorizationPolicy").flatMap((policy) =>
    (policy.spec?.rules ?? [])
      .flatMap(({ from = [{}] }: Fields) => from.flatMap(({ source }: Fields) => source?.principals ?? ["anyone"]))
      .filter((principal: string) => !known.has(principal))
      .map((principal: string) => `${nameOf(policy)}: ${principal} is not in the mesh`),
  );
};

const everythingIsMutualTls: Rule = (objects) => {
  const rules = istioKind(objects, "DestinationRule");
  const isStrict = ({ spec }: K8sObject) => JSON.stringify(spec) === '{"mtls":{"mode":"STRICT"}}';
  const isMutual = (service: K8sObject) =>
    rules.some(({ spec }) => spec.host === fullName(service) && spec.trafficPolicy.tls?.mode === "ISTIO_MUTUAL");
  return [
    ...(istioKind(objects, "PeerAuthentication").filter(isStrict).length === 1 &&
    istioKind(objects, "PeerAuthentication").length === 1
      ? []
      : ["PeerAuthentication: mutual TLS is not required of everyone"]),
    ...meshedServices(objects)
      .filter((service) => !isMutual(service))
      .map((service) => `${nameOf(service)}: callers do not use mutual TLS`),
  ];
};

const everyProgramIsInTheMesh: Rule = (objects) =>
  serving(objects).flatMap((deployment) => {
    const { labels } = podTemplate(deployment).metadata;
    const sidecars = istioKind(objects, "Sidecar").filter(({ spec }) =>
      selects(spec.workloadSelector.labels, deployment),
    );
    const isClosed = sidecars.length === 1 && sidecars[0]?.spec.outboundTrafficPolicy.mode === "REGISTRY_ONLY";
    return [
      ...(labels["sidecar.istio.io/inject"] === "true" ? [] : [`${nameOf(deployment)}: has no sidecar`]),
      ...(isClosed ? [] : [`${nameOf(deployment)}: sees hosts that it does not call`]),
    ];
  });

const requestsAreRefusedByDefault: Rule = (objects) =>
  istioKind(objects, "AuthorizationPolicy").some(({ spec }) => JSON.stringify(spec ?? {}) === "{}")
    ? []
    : ["AuthorizationPolicy: none refuses what no other allows"];

/** Tokens between services are Bearer tokens of another issuer: this would refuse them. */
const tokensAreCheckedByTheEdge: Rule = (objects) =>
  istioKind(objects, "RequestAuthentication").map((one) => `${nameOf(one)}: the edge verifies access tokens`);

export const identityRules: Rule[] = [
  principalsExist,
  everythingIsMutualTls,
  everyProgramIsInTheMesh,
  requestsAreRefusedByDefault,
  tokensAreCheckedByTheEdge,
];
