import type { ApiServer, Result } from "./api-server";
import { ofKind, podTemplate, workloads } from "./objects";
import { type K8sObject, nameOf } from "./render";

const list = (items: object[]) => JSON.stringify({ apiVersion: "v1", kind: "List", items });

/** Defaults, validates and admits the objects as `kubectl apply` would, and stores nothing. An unknown field is an error. */
export const dryRun = (server: ApiServer, objects: K8sObject[], options: string[] = []): Promise<Result> =>
  server.kubectl(["apply", "--dry-run=server", "--validate=strict", "-f", "-", ...options], list(objects));

/** @throws Error if the server refuses an object */
export async function apply(server: ApiServer, objects: object[]): Promise<void> {
  const { ok, output } = await server.kubectl(["apply", "-f", "-"], list(objects));
  if (!ok) throw new Error(output);
}

/**
 * The pods that the controllers would create from the workloads. Pod Security refuses pods; for a workload it only warns.
 */
export const dryRunPods = (server: ApiServer, objects: K8sObject[]): Promise<Result> =>
  server.kubectl(["create", "--dry-run=server", "--validate=strict", "-f", "-"], list(workloads(objects).map(podOf)));

function podOf(workload: K8sObject): object {
  const { metadata, spec } = podTemplate(workload);
  const { name, namespace } = workload.metadata;
  // The controller of a StatefulSet adds the volumes of the claims.
  const claims = (workload.spec.volumeClaimTemplates ?? []) as K8sObject[];
  const volumes = [...(spec.volumes ?? []), ...claims.map((claim) => ({ name: claim.metadata.name, emptyDir: {} }))];
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { ...metadata, namespace, name: `${name}-${workload.kind.toLowerCase()}` },
    spec: { ...spec, volumes },
  };
}

/** Creates what must exist before other objects are admitted: namespaces, and the accounts of pods. */
export async function createNamespaces(server: ApiServer, objects: K8sObject[]): Promise<void> {
  const namespaces = [...new Set(objects.flatMap(({ metadata }) => metadata.namespace ?? []))].map((name) => ({
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name },
  }));
  // A controller creates this account in a cluster.
  const accounts = namespaces.map(({ metadata }) => ({
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: { name: "default", namespace: metadata.name },
  }));
  // The second namespace of a name is the one of the overlay, with its labels.
  for (const items of [namespaces, ofKind(objects, "Namespace"), accounts, ofKind(objects, "ServiceAccount")])
    if (items.length > 0) await apply(server, items);
}

export const withObject = (objects: K8sObject[], name: string, change: (object: K8sObject) => void): K8sObject[] =>
  structuredClone(objects)
    .filter((object) => nameOf(object) === name)
    .map((object) => {
      change(object);
      return object;
    });
