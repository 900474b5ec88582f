import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { overlayNames } from "../../envoy/targets";
import { loadSecrets } from "../local/config/secrets";
import { clusterSecrets, localSecrets, type Provided, type SecretValues } from "./secret-values";

/**
 * `bun deploy/k8s/secrets.ts <overlay> | kubectl apply -f -` makes the Secrets of an overlay. What can be generated is
 * generated at the first run and kept in `.data/kubernetes/<overlay>.json`: put that file where you keep secrets. For staging
 * and production STRIPE_SECRET_KEY, STRIPE_WEBHOOK_SECRET and SMTP_URL come from the environment.
 */
const folder = join(import.meta.dir, "../../.data/kubernetes");

/** @throws Error that names every variable that is missing */
function provided(env: Record<string, string | undefined>): Provided {
  const { STRIPE_SECRET_KEY = "", STRIPE_WEBHOOK_SECRET = "", SMTP_URL = "" } = env;
  const missing = Object.entries({ STRIPE_SECRET_KEY, STRIPE_WEBHOOK_SECRET, SMTP_URL }).filter(([, value]) => !value);
  if (missing.length > 0) throw new Error(`not set: ${missing.map(([name]) => name).join(", ")}`);
  return { stripeSecretKey: STRIPE_SECRET_KEY, stripeWebhookSecret: STRIPE_WEBHOOK_SECRET, smtpUrl: SMTP_URL };
}

const manifest = (values: SecretValues) => ({
  apiVersion: "v1",
  kind: "List",
  items: Object.entries(values).map(([name, stringData]) => ({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name, namespace: "shop" },
    stringData,
  })),
});

async function secretsOf(overlay: string): Promise<SecretValues> {
  await mkdir(folder, { recursive: true });
  const secrets = () => loadSecrets(join(folder, `${overlay}.json`));
  if (overlay === "local") return localSecrets(await secrets());
  const others = provided(process.env);
  return clusterSecrets(await secrets(), others);
}

const [overlay = ""] = process.argv.slice(2);
try {
  if (!overlayNames.some((name) => name === overlay))
    throw new Error(`usage: bun deploy/k8s/secrets.ts <${overlayNames.join("|")}>`);
  console.log(JSON.stringify(manifest(await secretsOf(overlay)), null, 2));
} catch (error) {
  console.error((error as Error).message);
  process.exit(1);
}
