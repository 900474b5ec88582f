import { join } from "node:path";

/**
 * `bun deploy/k8s/prometheus-rule.ts` writes the alert rules of deploy/observability/alerts.yaml as an object of the
 * Prometheus operator. kustomize cannot read a file outside of its folder.
 */
const source = join(import.meta.dir, "../observability/alerts.yaml");
const target = join(import.meta.dir, "components/monitoring/prometheus-rule.yaml");

const head = `# Made of deploy/observability/alerts.yaml by deploy/k8s/prometheus-rule.ts; change that file.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: shop
spec:
`;

async function render(): Promise<string> {
  const alerts = await Bun.file(source).text();
  const rules = alerts.slice(alerts.indexOf("groups:"));
  return head + rules.replace(/^(?=.)/gm, "  ");
}

/** @returns what to do if the written file is not up to date */
export async function stalePrometheusRule(): Promise<string | undefined> {
  const written = await Bun.file(target).text();
  return written === (await render()) ? undefined : "alerts.yaml has changed: run bun deploy/k8s/prometheus-rule.ts";
}

if (import.meta.main) await Bun.write(target, await render());
