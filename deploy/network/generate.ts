import { join } from "node:path";
import { overlayNames, overlays } from "../../envoy/targets";
import { toYaml } from "../../envoy/write";
import { authorizationPolicies } from "./authorization";
import { certificate, gateway } from "./gateway";
import { edgeTemplate, serviceTemplate } from "./injection";
import { localPolicies } from "./local-policies";
import { programPolicies, sidecarPolicies } from "./program-policies";
import { providers, sidecars } from "./sidecars";
import { managedStorePolicies, storePolicies } from "./store-policies";
import { routing } from "./traffic";

/**
 * `bun deploy/network/generate.ts` writes the NetworkPolicies and the resources of the mesh from deploy/topology.ts and
 * envoy/routes.ts. `bun run check` fails if a file is out of date.
 */

const folder = join(import.meta.dir, "../k8s");
const header = "# Generated from deploy/topology.ts by: bun deploy/network/generate.ts\n";

/** The overlays with a mesh. Their edge trusts the gateway in front of it. */
const meshedOverlays = overlayNames.filter((overlay) => overlays[overlay].trustedProxies > 0);

/** The content of each file, by its path below deploy/k8s. */
function networkFiles(): Map<string, string> {
  const files: [string, object[]][] = [
    ["components/network-policies/programs.yaml", programPolicies()],
    ["components/network-policies/stores.yaml", storePolicies()],
    ["components/network-policies/local/policies.yaml", localPolicies()],
    ["components/managed-stores/policies.yaml", managedStorePolicies()],
    ["components/istio/authorization.yaml", authorizationPolicies()],
    ["components/istio/routing.yaml", routing()],
    ["components/istio/sidecars.yaml", sidecars()],
    ["components/istio/providers.yaml", providers()],
    ["components/istio/network-policies.yaml", sidecarPolicies()],
    ["components/istio/service-template.yaml", [serviceTemplate]],
    ["components/istio/edge-template.yaml", [edgeTemplate]],
  ];
  for (const overlay of meshedOverlays) {
    const host = new URL(overlays[overlay].shopUrl).hostname;
    files.push([`overlays/${overlay}/gateway/gateway.yaml`, gateway(host)]);
    files.push([`overlays/${overlay}/certificate/certificate.yaml`, [certificate(host)]]);
  }
  return new Map(files.map(([path, manifests]) => [path, header + manifests.map(toPlainYaml).join("---\n")]));
}

/** Without anchors, which YAML would get for a value that occurs twice. */
const toPlainYaml = (manifest: object) => `${toYaml(JSON.parse(JSON.stringify(manifest)))}\n`;

/** For `bun run check`. @returns which files are stale; undefined if all are up to date */
export async function staleNetworkFiles(): Promise<string | undefined> {
  const stale: string[] = [];
  for (const [path, content] of networkFiles()) {
    const file = Bun.file(join(folder, path));
    if (!(await file.exists()) || (await file.text()) !== content) stale.push(`deploy/k8s/${path}`);
  }
  return stale.length > 0 ? `Run: bun deploy/network/generate.ts. Stale:\n${stale.join("\n")}` : undefined;
}

if (import.meta.main) for (const [path, content] of networkFiles()) await Bun.write(join(folder, path), content);
