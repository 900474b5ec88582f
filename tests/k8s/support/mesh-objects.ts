import { ofKind, selects, serving } from "./objects";
import type { K8sObject } from "./render";

// biome-ignore lint/suspicious/noExplicitAny: the fields of an object depend on its kind
export type Fields = any;

export const fullName = (service: K8sObject) =>
  `${service.metadata.name}.${service.metadata.namespace}.svc.cluster.local`;

/** The Services of pods with a sidecar. */
export const meshedServices = (objects: K8sObject[]) =>
  ofKind(objects, "Service").filter(({ spec }) => serving(objects).some((pods) => selects(spec.selector, pods)));

/** Kubernetes' API has `Gateway` in another group, too. */
export const istioKind = (objects: K8sObject[], kind: string) =>
  ofKind(objects, kind).filter(({ apiVersion }) => apiVersion.includes("istio.io/"));
