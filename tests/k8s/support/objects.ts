import type { K8sObject } from "./render";

/** The pod template of a Deployment, StatefulSet, DaemonSet or Job. */
export type PodTemplate = {
  metadata: { labels: Record<string, string> };
  spec: {
    containers: Container[];
    initContainers?: Container[];
    serviceAccountName?: string;
    automountServiceAccountToken?: boolean;
    securityContext?: { runAsNonRoot?: boolean; seccompProfile?: { type: string } };
    volumes?: { name: string; secret?: { secretName: string }; configMap?: { name: string } }[];
  };
};
export type Container = {
  name: string;
  image: string;
  args?: string[];
  env?: { name: string; value?: string }[];
  envFrom?: { configMapRef?: { name: string } }[];
  resources?: Record<"requests" | "limits", Record<string, string> | undefined>;
  securityContext?: {
    allowPrivilegeEscalation?: boolean;
    privileged?: boolean;
    readOnlyRootFilesystem?: boolean;
    capabilities?: { drop?: string[]; add?: string[] };
  };
} & Partial<Record<Probe, unknown>>;
export const probes = ["startupProbe", "livenessProbe", "readinessProbe"] as const;
type Probe = (typeof probes)[number];

export const workloadKinds = ["Deployment", "StatefulSet", "Job"];

export const ofKind = (objects: K8sObject[], ...kinds: string[]) => objects.filter(({ kind }) => kinds.includes(kind));

export const workloads = (objects: K8sObject[]) => ofKind(objects, ...workloadKinds);

export const podTemplate = ({ spec }: K8sObject) => spec.template as PodTemplate;

export const containers = (workload: K8sObject): Container[] => {
  const { containers, initContainers = [] } = podTemplate(workload).spec;
  return [...containers, ...initContainers];
};

/** The Deployments that serve requests: they need several instances at any time. */
export const serving = (objects: K8sObject[]) =>
  ofKind(objects, "Deployment").filter((object) =>
    ["service", "edge"].includes(podTemplate(object).metadata.labels["app.kubernetes.io/component"] ?? ""),
  );

/** Whether a selector `{ label: value }` selects the pods of a workload. */
export const selects = (selector: Record<string, string> | undefined, workload: K8sObject): boolean =>
  selector !== undefined &&
  Object.entries(selector).every(([label, value]) => podTemplate(workload).metadata.labels[label] === value);

/** How many instances a Deployment has at least and at most, by each of its autoscalers. */
export function scalers(objects: K8sObject[], deployment: K8sObject): { min: number; max: number }[] {
  const target = ({ spec }: K8sObject) => spec.scaleTargetRef.name === deployment.metadata.name;
  return [
    ...ofKind(objects, "HorizontalPodAutoscaler")
      .filter(target)
      .map(({ spec }) => ({ min: spec.minReplicas, max: spec.maxReplicas })),
    ...ofKind(objects, "ScaledObject")
      .filter(target)
      .map(({ spec }) => ({ min: spec.minReplicaCount, max: spec.maxReplicaCount })),
  ];
}
