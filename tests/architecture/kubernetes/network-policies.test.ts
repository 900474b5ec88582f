import { describe, expect, test } from "bun:test";
import { storePods } from "../../../deploy/network/store-pods";
import { connections, type Party, ports } from "../../../deploy/topology";
import { podTemplate, workloads } from "../../k8s/support/objects";
import { type Pod, reachability } from "../../k8s/support/reachability";
import { type K8sObject, render } from "../../k8s/support/render";

/** The pods of an overlay, by the names of the topology, with those that operators and other namespaces run. */
function podsIn(objects: K8sObject[]): Pod[] {
  const programs = workloads(objects).map((workload): Pod => {
    const { labels } = podTemplate(workload).metadata;
    const name = labels["app.kubernetes.io/name"] as string;
    const isMigration = labels["app.kubernetes.io/component"] === "migration";
    return { name: isMigration ? `${name}-migration` : name, namespace: "shop", labels };
  });
  const stores = storePods
    .filter(({ name }) => !programs.some((program) => program.name === name))
    .map(({ name, labels }): Pod => ({ name, namespace: "shop", labels }));
  return [...programs, ...stores, ...platform];
}

const platform: Pod[] = [
  { name: "gateway", namespace: "istio-ingress", labels: { istio: "ingress" } },
  { name: "prometheus", namespace: "monitoring", labels: { "app.kubernetes.io/name": "prometheus" } },
  { name: "collector", namespace: "telemetry", labels: { "app.kubernetes.io/name": "otel-collector" } },
  { name: "keda", namespace: "keda", labels: { app: "keda-operator" } },
  { name: "stranger", namespace: "shop", labels: { "app.kubernetes.io/part-of": "shop" } },
];

const namesOf = (party: Party): string[] => {
  const pods = storePods.filter(({ stores }) => stores.some((store) => store === party)).map(({ name }) => name);
  return pods.length > 0 ? pods : [party];
};

/** The rows of the topology whose ends are pods, as "order → user-db:5432". */
const expected = new Set(
  connections
    .filter(({ to }) => !["stripe", "smtp", "dns"].includes(to))
    .flatMap(({ from, to, port }) => namesOf(to).map((name) => `${from} → ${name}:${port}`)),
);

/** Stores of operators call the Kubernetes API, whose address no policy can name. */
const isApiCall = (from: Pod, port: number) => port === ports.https && storePods.some(({ name }) => name === from.name);

function allowedIn(objects: K8sObject[]): Set<string> {
  const allows = reachability(objects);
  const pods = podsIn(objects).filter(({ name }) => !["sandbox", "init"].includes(name));
  const isShop = (pod: Pod) => pod.namespace === "shop";
  return new Set(
    pods.flatMap((from) =>
      pods
        .filter((to) => to !== from && (isShop(from) || isShop(to)))
        .flatMap((to) =>
          Object.values(ports)
            .filter((port) => allows(from, to, port) && !isApiCall(from, port))
            .map((port) => `${from.name} → ${to.name}:${port}`),
        ),
    ),
  );
}

describe.each(["local", "staging", "production"])("the network policies of %s", async (overlay) => {
  const objects = await render(`overlays/${overlay}`);

  test("allow exactly the connections of the topology", () => {
    expect([...allowedIn(objects)].toSorted()).toEqual([...expected].toSorted());
  });

  test("allow more without the rule that denies everything", () => {
    const open = objects.filter(({ metadata }) => metadata.name !== "deny-all");
    expect(allowedIn(open).size).toBeGreaterThan(expected.size);
  });
});

test("only payment and notification reach the internet, and not the private ranges", async () => {
  const production = await render("overlays/production");
  const blocks = production
    .filter(({ kind }) => kind === "NetworkPolicy")
    .flatMap(({ metadata, spec }) =>
      (spec.egress ?? []).flatMap((rule: { to?: { ipBlock?: { except: string[] } }[]; ports: { port: number }[] }) =>
        (rule.to ?? []).flatMap(({ ipBlock }) =>
          ipBlock ? [{ name: metadata.name, except: ipBlock.except, ports: rule.ports.map(({ port }) => port) }] : [],
        ),
      ),
    );
  const except = ["10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"];
  expect(blocks).toEqual([
    { name: "notification", except, ports: [587] },
    { name: "payment", except, ports: [443] },
  ]);
});
