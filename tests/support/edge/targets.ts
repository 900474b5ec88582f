import { portsAt } from "../../../deploy/local/config/ports";
import { localEdge } from "../../../deploy/local/stack/edge";
import type { EdgeOptions } from "../../../envoy/config";
import { composeEdge, kubernetesEdge, overlayNames } from "../../../envoy/targets";

/** The edge's options on every platform. `localDir` is the folder of the configuration in development. */
export const edgeTargets = (localDir: string): Record<string, EdgeOptions> => ({
  development: localEdge(localDir, { ports: portsAt(0), appEnv: "dev", collectorUrl: undefined }),
  compose: composeEdge({ shopUrl: "http://localhost:8080", development: true }),
  ...Object.fromEntries(overlayNames.map((overlay) => [`Kubernetes ${overlay}`, kubernetesEdge(overlay)])),
});
