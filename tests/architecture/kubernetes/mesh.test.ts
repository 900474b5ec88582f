import { describe, expect, test } from "bun:test";
import { meshProblems } from "../../k8s/support/mesh-rules";
import { type K8sObject, render } from "../../k8s/support/render";

const production = await render("overlays/production");

/** The manifests of production with one object changed. */
function planted(kind: string, name: string, change: (object: K8sObject) => void): K8sObject[] {
  const objects = structuredClone(production);
  const found = objects.filter((object) => object.kind === kind && object.metadata.name === name);
  expect(found).toHaveLength(1);
  change(found[0] as K8sObject);
  return objects;
}

const added = (object: Omit<K8sObject, "metadata"> & { name: string }): K8sObject[] => [
  ...production,
  { ...object, metadata: { name: object.name, namespace: "shop" } },
];

test.each(["staging", "production"])("the mesh of %s obeys the rules", async (overlay) => {
  expect(meshProblems(await render(`overlays/${overlay}`))).toEqual([]);
});

test("the overlay local has no mesh", async () => {
  const groups = (await render("overlays/local")).map(({ apiVersion }) => apiVersion);
  expect(groups.filter((group) => group.includes("istio.io"))).toEqual([]);
});

describe("a planted mistake is found:", () => {
  const mistakes: Record<string, [K8sObject[], string]> = {
    "a retry": [
      planted("VirtualService", "order-pods", ({ spec }) => {
        spec.http[0].retries.attempts = 2;
      }),
      "VirtualService/order-pods: the mesh retries route any",
    ],
    "a host without a VirtualService, which Istio retries by default": [
      production.filter(({ kind, metadata }) => !(kind === "VirtualService" && metadata.name === "user-pods")),
      "Service/user-pods: no VirtualService switches the retries of the mesh off",
    ],
    "a timeout": [
      planted("VirtualService", "user", ({ spec }) => {
        spec.http[1].timeout = "3s";
      }),
      "VirtualService/user: route any has timeout",
    ],
    "a second ejection of instances": [
      planted("DestinationRule", "order-pods", ({ spec }) => {
        spec.trafficPolicy.outlierDetection = { consecutive5xxErrors: 5 };
      }),
      "DestinationRule/order-pods: outlierDetection belongs to the edge",
    ],
    "a second limit of connections": [
      planted("DestinationRule", "user", ({ spec }) => {
        spec.trafficPolicy.connectionPool.http.http1MaxPendingRequests = 10;
      }),
      "DestinationRule/user: http.http1MaxPendingRequests belongs to the edge",
    ],
    "a second sampling": [
      planted("Telemetry", "no-spans", ({ spec }) => {
        spec.tracing[0].randomSamplingPercentage = 50;
      }),
      "Telemetry: the mesh samples traces",
    ],
    "a way around the edge": [
      planted("VirtualService", "payment", ({ spec }) => spec.gateways.push("shop")),
      "VirtualService/payment: leads from a gateway to payment.shop.svc.cluster.local, past the edge",
    ],
    "a gateway that does not exist": [
      planted("VirtualService", "shop", ({ spec }) => {
        spec.gateways = ["store"];
      }),
      "VirtualService/shop: there is no gateway store",
    ],
    "plain HTTP at the gateway": [
      planted("Gateway", "shop", ({ spec }) => delete spec.servers[1].tls),
      "Gateway/shop: port 80 serves without TLS",
    ],
    "a host that does not exist": [
      planted("Sidecar", "payment", ({ spec }) => spec.egress[0].hosts.push("./orders.shop.svc.cluster.local")),
      "Sidecar/payment: there is no host orders.shop.svc.cluster.local",
    ],
    "an unknown principal": [
      planted("AuthorizationPolicy", "inventory", ({ spec }) => {
        spec.rules[1].from[0].source.principals = ["cluster.local/ns/shop/sa/orders"];
      }),
      "AuthorizationPolicy/inventory: cluster.local/ns/shop/sa/orders is not in the mesh",
    ],
    "a rule for any caller": [
      planted("AuthorizationPolicy", "user", ({ spec }) => delete spec.rules[0].from),
      "AuthorizationPolicy/user: anyone is not in the mesh",
    ],
    "plain text to the pods": [
      planted("DestinationRule", "order-pods", ({ spec }) => {
        spec.trafficPolicy.tls.mode = "DISABLE";
      }),
      "Service/order-pods: callers do not use mutual TLS",
    ],
    "plain text accepted": [
      planted("PeerAuthentication", "strict", ({ spec }) => {
        spec.mtls.mode = "PERMISSIVE";
      }),
      "PeerAuthentication: mutual TLS is not required of everyone",
    ],
    "no sidecar": [
      planted("Deployment", "edge", ({ spec }) => delete spec.template.metadata.labels["sidecar.istio.io/inject"]),
      "Deployment/edge: has no sidecar",
    ],
    "open egress": [
      planted("Sidecar", "notification", ({ spec }) => {
        spec.outboundTrafficPolicy.mode = "ALLOW_ANY";
      }),
      "Deployment/notification: sees hosts that it does not call",
    ],
    "nothing refused by default": [
      production.filter(({ metadata, kind }) => !(kind === "AuthorizationPolicy" && metadata.name === "deny-all")),
      "AuthorizationPolicy: none refuses what no other allows",
    ],
    "a check of tokens that would refuse those of services": [
      added({ apiVersion: "security.istio.io/v1", kind: "RequestAuthentication", name: "shop", spec: {} }),
      "RequestAuthentication/shop: the edge verifies access tokens",
    ],
  };

  test.each(Object.keys(mistakes))("%s", (name) => {
    const [objects, problem] = mistakes[name] as [K8sObject[], string];
    expect(meshProblems(objects)).toEqual([problem]);
  });
});
