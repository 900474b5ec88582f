import { join } from "node:path";
import { serverBinaries } from "../../../deploy/local/binaries/servers";
import { runToEnd } from "../../../deploy/local/process/run-to-end";
import type { Overlay } from "../../../envoy/targets";

export const k8sDir = join(import.meta.dir, "../../../deploy/k8s");

/** An object of Kubernetes, as far as the checks read it. */
// biome-ignore lint/suspicious/noExplicitAny: the fields of an object depend on its kind
export type K8sObject = { apiVersion: string; kind: string; metadata: Metadata; spec?: any; data?: any };
type Metadata = { name: string; namespace?: string; labels?: Record<string, string> };

/** What `kubectl kustomize` makes of a folder. @throws Error with what kubectl reports */
export async function renderText(folder: string): Promise<string> {
  const { kubectl } = await serverBinaries(["kubectl"], (line) => console.log(line));
  const { ok, out, err } = await runToEnd([kubectl, "kustomize", folder]);
  if (!ok) throw new Error(`kubectl kustomize ${folder}: ${err}`);
  return out;
}

/** One document is parsed to an object, several to an array. */
export const parseObjects = (text: string): K8sObject[] => [Bun.YAML.parse(text) as K8sObject | K8sObject[]].flat();

const texts = new Map<string, Promise<string>>();

/** The objects of an overlay, or of another folder below deploy/k8s. Each folder is rendered once. */
export async function render(folder: string): Promise<K8sObject[]> {
  const text = texts.get(folder) ?? renderText(join(k8sDir, folder));
  texts.set(folder, text);
  return parseObjects(await text);
}

export const overlayFolder = (overlay: Overlay) => `overlays/${overlay}`;

/** `Deployment/order`. */
export const nameOf = ({ kind, metadata }: K8sObject) => `${kind}/${metadata.name}`;
