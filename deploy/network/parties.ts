import { type ServiceName, serviceNames } from "../../services/_contracts/services";
import { type Party, type Platform, type Program, type Provider, type Store, stores } from "../topology";
import { storePods } from "./store-pods";

/** Where the parties of the topology are: their pods, hosts and addresses, and the accounts by which the mesh knows them. */

export const namespace = "shop";
export const providerHosts: Record<Provider, string> = { stripe: "api.stripe.com", smtp: "smtp.example" };

type Labels = Record<string, string>;

/** With the names that the Helm charts of Istio, Prometheus Operator and KEDA give. */
const platform: Record<Platform, { namespace: string; labels: Labels; account?: string }> = {
  gateway: { namespace: "istio-ingress", labels: { istio: "ingress" }, account: "istio-ingress" },
  prometheus: { namespace: "monitoring", labels: { "app.kubernetes.io/name": "prometheus" } },
  collector: { namespace: "telemetry", labels: { "app.kubernetes.io/name": "otel-collector" } },
  keda: { namespace: "keda", labels: { app: "keda-operator" } },
  dns: { namespace: "kube-system", labels: { "k8s-app": "kube-dns" } },
};

/** The programs with a sidecar. Migrations and `ops` use stores only, which are not in the mesh. */
export const meshed = [...serviceNames, "edge"] as const;
export type Meshed = (typeof meshed)[number];

const isPlatform = (party: Party): party is keyof typeof platform => party in platform;
export const isStore = (party: Party): party is Store => stores.some((store) => store === party);
export const isProvider = (party: Party): party is Provider => party in providerHosts;
export const isMeshed = (party: Party): party is Meshed => meshed.some((program) => program === party);
const isService = (party: string): party is ServiceName => serviceNames.some((service) => service === party);

/** The labels of a program's pods. */
export function podsOf(program: Program): Labels {
  if (isService(program)) return toLabels(program, "service");
  const service = program.replace(/-migration$/, "");
  return isService(service) ? toLabels(service, "migration") : toLabels(program, program);
}

const toLabels = (name: string, component: string): Labels => ({
  "app.kubernetes.io/name": name,
  "app.kubernetes.io/component": component,
});

/** Ranges that are not on the internet. 169.254.0.0/16 has the metadata service of clouds. */
const privateRanges = ["10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"];

/** A party as the other end of a connection in a NetworkPolicy. */
export function peersOf(party: Party): object[] {
  if (isProvider(party)) return [{ ipBlock: { cidr: "0.0.0.0/0", except: privateRanges } }];
  if (isStore(party))
    return storePods.filter(({ stores }) => stores.includes(party)).map(({ labels }) => selectPods(labels));
  if (!isPlatform(party)) return [selectPods(podsOf(party))];
  const { namespace, labels } = platform[party];
  return [{ ...inNamespace(namespace), ...selectPods(labels) }];
}

export const selectPods = (matchLabels: Labels) => ({ podSelector: { matchLabels } });

export const inNamespace = (name: string) => ({
  namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": name } },
});

/**
 * A party's identity in its certificate.
 * @throws Error if it is not in the mesh, so that nothing in the mesh can recognize it
 */
export function principalOf(party: Party): string {
  if (isMeshed(party)) return toPrincipal(namespace, party);
  const { namespace: space, account } = isPlatform(party) ? platform[party] : {};
  if (!space || !account) throw new Error(`${party} has no certificate of the mesh`);
  return toPrincipal(space, account);
}

const toPrincipal = (space: string, account: string) => `cluster.local/ns/${space}/sa/${account}`;

export const fullName = (host: string) => `${host}.${namespace}.svc.cluster.local`;
