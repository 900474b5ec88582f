import { describe, expect, test } from "bun:test";
import { containers, ofKind, podTemplate } from "../../k8s/support/objects";
import { type K8sObject, overlayFolder, render } from "../../k8s/support/render";
import { ruleProblems } from "../../k8s/support/rules";
import { schemaCheck } from "../../k8s/support/schemas";

const production = await render(overlayFolder("production"));

type Mistake = { name: string; plant: (objects: K8sObject[]) => void; report: string };

const find = (objects: K8sObject[], kind: string, name: string) =>
  ofKind(objects, kind).find(({ metadata }) => metadata.name.startsWith(name)) as K8sObject;
const order = (objects: K8sObject[]) => find(objects, "Deployment", "order");
const container = (objects: K8sObject[]) => containers(order(objects))[0] as ReturnType<typeof containers>[number];

/** @returns the copy with the mistake */
function withMistake({ plant }: Mistake): K8sObject[] {
  const objects = structuredClone(production);
  plant(objects);
  return objects;
}

const againstRules: Mistake[] = [
  {
    name: "an image without a tag",
    plant: (objects) => Object.assign(container(objects), { image: "shop/order" }),
    report: "Deployment/order: the image shop/order has no fixed tag",
  },
  {
    name: "the image tag latest",
    plant: (objects) => Object.assign(container(objects), { image: "shop/order:latest" }),
    report: "Deployment/order: the image shop/order:latest has no fixed tag",
  },
  {
    name: "a privileged container",
    plant: (objects) => Object.assign(container(objects).securityContext ?? {}, { privileged: true }),
    report: "Deployment/order: the container service is not restricted",
  },
  {
    name: "a writable root file system",
    plant: (objects) => Object.assign(container(objects).securityContext ?? {}, { readOnlyRootFilesystem: false }),
    report: "Deployment/order: the container service is not restricted",
  },
  {
    name: "a pod that may run as root",
    plant: (objects) => Object.assign(podTemplate(order(objects)).spec, { securityContext: {} }),
    report: "Deployment/order: may run as root, or without seccomp",
  },
  {
    name: "a token for the API",
    plant: (objects) => Object.assign(podTemplate(order(objects)).spec, { automountServiceAccountToken: true }),
    report: "Deployment/order: gets a token for the API of Kubernetes",
  },
  {
    name: "no limit of memory",
    plant: (objects) => Object.assign(container(objects).resources ?? {}, { limits: {} }),
    report: "Deployment/order: the container service has no requests, or no limit of memory",
  },
  {
    name: "a Secret among the manifests",
    plant: (objects) => objects.push({ apiVersion: "v1", kind: "Secret", metadata: { name: "order" }, data: {} }),
    report: "Secret/order: secrets do not belong among the manifests",
  },
  {
    name: "a password in a variable",
    plant: (objects) => container(objects).env?.push({ name: "REDIS_URL", value: "redis://order:hunter2@redis:6379" }),
    report: "Deployment/order: REDIS_URL looks like a secret",
  },
  {
    name: "a password in a ConfigMap",
    plant: (objects) => Object.assign(find(objects, "ConfigMap", "order").data, { KEY: "sk_live_123" }),
    report: "KEY looks like a secret",
  },
  {
    name: "a service with the secret of its migration",
    plant: (objects) =>
      podTemplate(order(objects)).spec.volumes?.push({ name: "more", secret: { secretName: "order-migration" } }),
    report: "Deployment/order: mounts the secret of a migration",
  },
  {
    name: "a migration with the name of another version",
    plant: (objects) => Object.assign(find(objects, "Job", "order").metadata, { name: "order-migration-0.9.0" }),
    report: "Job/order-migration-0.9.0: is not named order-migration-1.0.0",
  },
  {
    name: "the sandbox in production",
    plant: (objects) =>
      Object.assign(find(objects, "ConfigMap", "payment").data, { STRIPE_API_URL: "http://sandbox:3000" }),
    report: "uses the sandbox",
  },
  {
    name: "no readiness probe",
    plant: (objects) => Object.assign(container(objects), { readinessProbe: undefined }),
    report: "Deployment/order: has no readinessProbe",
  },
  {
    name: "no PodDisruptionBudget",
    plant: (objects) => objects.splice(objects.indexOf(find(objects, "PodDisruptionBudget", "order")), 1),
    report: "Deployment/order: does not have one PodDisruptionBudget",
  },
  {
    name: "two autoscalers of one Deployment",
    plant: (objects) => {
      const copy = structuredClone(find(objects, "HorizontalPodAutoscaler", "user"));
      copy.spec.scaleTargetRef.name = "order";
      objects.push(copy);
    },
    report: "Deployment/order: has 2 autoscalers",
  },
  {
    name: "a number of replicas beside an autoscaler",
    plant: (objects) => Object.assign(order(objects).spec, { replicas: 3 }),
    report: "Deployment/order: sets `replicas`, which the autoscaler owns",
  },
  {
    name: "a Service that selects nothing",
    plant: (objects) => Object.assign(find(objects, "Service", "order").spec, { selector: { app: "orders" } }),
    report: "Service/order: selects the pods of 0 workloads",
  },
  {
    name: "a Service that also selects the pods of the migration",
    plant: (objects) =>
      Object.assign(find(objects, "Service", "order").spec, { selector: { "app.kubernetes.io/name": "order" } }),
    report: "Service/order: selects the pods of 2 workloads",
  },
  {
    name: "a Deployment that does not select its pods",
    plant: (objects) => Object.assign(order(objects).spec.selector.matchLabels, { version: "2" }),
    report: "Deployment/order: does not select its own pods",
  },
  {
    name: "a ConfigMap that does not exist",
    plant: (objects) => Object.assign(container(objects), { envFrom: [{ configMapRef: { name: "order" } }] }),
    report: "Deployment/order: refers to ConfigMap/order, which does not exist",
  },
];

describe("the rules find", () => {
  test.each(againstRules)("$name", (mistake) => {
    expect(ruleProblems(production, "production")).toEqual([]);
    expect(ruleProblems(withMistake(mistake), "production").join("\n")).toContain(mistake.report);
  });
});

const againstSchemas: Mistake[] = [
  {
    name: "an unknown field",
    plant: (objects) => Object.assign(container(objects), { readynessProbe: {} }),
    report: "Deployment/order /spec/template/spec/containers/0: must NOT have additional properties readynessProbe",
  },
  {
    name: "a value of the wrong type",
    plant: (objects) => Object.assign(order(objects).spec, { minReadySeconds: "3s" }),
    report: "Deployment/order /spec/minReadySeconds: must be",
  },
  {
    name: "a wrong apiVersion",
    plant: (objects) => Object.assign(order(objects), { apiVersion: "apps/v1beta1" }),
    report: "Deployment/order: there is no kind Deployment in apps/v1beta1",
  },
];

describe("the schemas find", async () => {
  const schemaProblems = await schemaCheck();
  test.each(againstSchemas)("$name", (mistake) => {
    expect(schemaProblems(production)).toEqual([]);
    expect(schemaProblems(withMistake(mistake)).join("\n")).toContain(mistake.report);
  });
});
