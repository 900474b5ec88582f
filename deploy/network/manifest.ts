/** An object of the Kubernetes API. */
export type Manifest = {
  apiVersion: string;
  kind: string;
  metadata: { name: string; annotations?: Record<string, string> };
  spec: Record<string, unknown>;
};

/** An object of one of Istio's API groups. */
export const istio = (group: "networking" | "security", kind: string, name: string, spec: object): Manifest => ({
  apiVersion: `${group}.istio.io/v1`,
  kind,
  metadata: { name },
  spec: { ...spec },
});
