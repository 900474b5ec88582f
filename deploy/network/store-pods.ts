import { serviceNames, services, sqlServiceNames } from "../../services/_contracts/services";
import type { Store } from "../topology";

/** Pods that run stores, and the stores in them. */
export type StorePods = {
  name: string;
  labels: Record<string, string>;
  stores: Store[];
  /** The namespace of the operator that runs them, and whether the pods call the Kubernetes API. */
  operator?: { namespace: string; callsApi: boolean };
};

const allOn = (kind: "postgres" | "mongo"): Store[] =>
  serviceNames.filter((service) => services[service].store === kind).map((service): Store => `${service}-db`);

/** How overlays run the stores: by operators, one cluster for each service, or (`local`) one pod for each kind of store. */
export const storePods: StorePods[] = [
  ...sqlServiceNames.map(
    (service): StorePods => ({
      name: `${service}-db`,
      labels: { "cnpg.io/cluster": `${service}-db` },
      stores: [`${service}-db`],
      operator: { namespace: "cnpg-system", callsApi: true },
    }),
  ),
  ...allOn("mongo").map(
    (store): StorePods => ({
      name: store,
      labels: { app: `${store}-svc` },
      stores: [store],
      operator: { namespace: "mongodb", callsApi: true },
    }),
  ),
  { name: "postgres", labels: { "app.kubernetes.io/name": "postgres" }, stores: allOn("postgres") },
  { name: "mongo", labels: { "app.kubernetes.io/name": "mongo" }, stores: allOn("mongo") },
  {
    name: "redis",
    labels: { "app.kubernetes.io/name": "redis" },
    stores: ["redis"],
    operator: { namespace: "redis-operator", callsApi: false },
  },
];
