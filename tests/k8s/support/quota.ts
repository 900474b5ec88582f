import { containers, ofKind, scalers } from "./objects";
import type { K8sObject } from "./render";

type Resources = { requests?: Record<string, string>; limits?: Record<string, string> };
/** So many pods with these containers. */
type Pods = { count: number; resources: (Resources | undefined)[] };

/** What all pods of an overlay ask for at most, and what the ResourceQuota of the namespace allows. */
export function quotaUse(objects: K8sObject[]): Record<string, { used: number; hard: number }> {
  const pods = objects.flatMap((object) => podsOf[object.kind]?.(object, objects) ?? []);
  const used = (field: "requests" | "limits", resource: string) =>
    pods.reduce((sum, { count, resources }) => {
      return sum + count * resources.reduce((one, of) => one + quantity(of?.[field]?.[resource]), 0);
    }, 0);
  const hard = ofKind(objects, "ResourceQuota")[0]?.spec.hard as Record<string, string>;
  return {
    pods: { used: pods.reduce((sum, { count }) => sum + count, 0), hard: quantity(hard.pods) },
    "requests.cpu": { used: used("requests", "cpu"), hard: quantity(hard["requests.cpu"]) },
    "requests.memory": { used: used("requests", "memory"), hard: quantity(hard["requests.memory"]) },
    "limits.memory": { used: used("limits", "memory"), hard: quantity(hard["limits.memory"]) },
  };
}

const resourcesOf = (workload: K8sObject) => containers(workload).map(({ resources }) => resources as Resources);

/** The pods of an object by its kind, also of those from which an operator makes pods. */
const podsOf: Record<string, (object: K8sObject, all: K8sObject[]) => Pods[]> = {
  Deployment: (object, all) => [{ count: deploymentMax(object, all), resources: resourcesOf(object) }],
  StatefulSet: (object) => [{ count: object.spec.replicas ?? 1, resources: resourcesOf(object) }],
  Job: (object) => [{ count: 1, resources: resourcesOf(object) }],
  Cluster: ({ spec }) => [{ count: spec.instances, resources: [spec.resources] }],
  MongoDBCommunity: ({ spec }) => [
    {
      count: spec.members,
      resources: spec.statefulSet.spec.template.spec.containers.map((one: { resources: Resources }) => one.resources),
    },
  ],
  RedisFailover: ({ spec }) =>
    [spec.redis, spec.sentinel].map(({ replicas, resources }) => ({ count: replicas, resources: [resources] })),
};

/** The autoscaler's limit and what a rollout adds; one pod of a Deployment that is scaled by hand, such as ops. */
function deploymentMax(object: K8sObject, all: K8sObject[]): number {
  const limits = scalers(all, object).map(({ max }) => max);
  const surge: number = object.spec.strategy.rollingUpdate?.maxSurge ?? 0;
  return limits.length > 0 ? Math.max(...limits) + surge : 1;
}

const units: Record<string, number> = { m: 0.001, "": 1, Mi: 2 ** 20, Gi: 2 ** 30 };

/** @throws Error on a unit that no manifest of ours uses */
function quantity(text = "0"): number {
  const [, number, unit = ""] = /^([\d.]+)(\w*)$/.exec(text) ?? [];
  const factor = units[unit];
  if (!number || !factor) throw new Error(`cannot read the quantity ${text}`);
  return Number(number) * factor;
}

/** The resources of which the quota has too little. */
export const exceeded = (objects: K8sObject[]): string[] =>
  Object.entries(quotaUse(objects)).flatMap(([name, { used, hard }]) => (used <= hard ? [] : [name]));
