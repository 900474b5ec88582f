import { stalePrometheusRule } from "../../deploy/k8s/prometheus-rule";
import { overlayNames } from "../../envoy/targets";
import { meshProblems } from "../k8s/support/mesh-rules";
import { overlayFolder, render } from "../k8s/support/render";
import { ruleProblems } from "../k8s/support/rules";
import { schemaCheck } from "../k8s/support/schemas";

/** Renders every overlay and compares its objects with the schemas of Kubernetes and the rules of this project. */
export async function validateManifests(): Promise<string | undefined> {
  const schemaProblems = await schemaCheck();
  const found = overlayNames.map(async (overlay) => {
    const objects = await render(overlayFolder(overlay));
    const mesh = overlay === "local" ? [] : meshProblems(objects);
    const problems = [...schemaProblems(objects), ...ruleProblems(objects, overlay), ...mesh];
    return problems.map((problem) => `${overlay}: ${problem}`);
  });
  const problems = [...(await Promise.all(found)).flat(), (await stalePrometheusRule()) ?? []].flat();
  return problems.length > 0 ? problems.join("\n") : undefined;
}
