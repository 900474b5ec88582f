import { beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { clusterSecrets, localSecrets, type SecretValues } from "../../../deploy/k8s/secret-values";
import { loadSecrets } from "../../../deploy/local/config/secrets";
import { overlayNames } from "../../../envoy/targets";
import { serviceNames } from "../../../services/_contracts/services";
import { config as inventory } from "../../../services/inventory/config";
import { config as notification } from "../../../services/notification/config";
import { config as order } from "../../../services/order/config";
import { config as payment } from "../../../services/payment/config";
import { config as user } from "../../../services/user/config";
import { containers, ofKind, podTemplate } from "../../k8s/support/objects";
import { type K8sObject, overlayFolder, render } from "../../k8s/support/render";

const configs = { user, order, payment, inventory, notification };
type Env = Record<string, string>;

async function secretsOf(overlay: string): Promise<SecretValues> {
  const folder = await mkdtemp(join(tmpdir(), "secrets-"));
  const secrets = await loadSecrets(join(folder, "secrets.json")).finally(() => rm(folder, { recursive: true }));
  const stripeSecretKey = overlay === "staging" ? "sk_test_1" : "sk_live_1";
  const provided = { stripeSecretKey, stripeWebhookSecret: "whsec_1", smtpUrl: "smtps://mail.example:465" };
  return overlay === "local" ? localSecrets(secrets) : clusterSecrets(secrets, provided);
}

/**
 * The environment of a workload's program, with the contents of the files that its variables name.
 * @throws Error if a variable names a file that the workload's Secret does not have
 */
function environment(objects: K8sObject[], workload: K8sObject, secrets: SecretValues): Env {
  const [container] = containers(workload);
  const shared = (container?.envFrom ?? []).map(({ configMapRef }) => configMap(objects, configMapRef?.name));
  const own = Object.fromEntries((container?.env ?? []).map(({ name, value = "a value of the pod" }) => [name, value]));
  const secret = podTemplate(workload).spec.volumes?.find(({ name }) => name === "secrets")?.secret?.secretName ?? "";
  const env: Env = { HOST: "0.0.0.0", PORT: "3000", ...Object.assign({}, ...shared), ...own };
  for (const [name, path] of Object.entries(env)) {
    if (!name.endsWith("_FILE")) continue;
    const value = secrets[secret]?.[path.replace("/run/secrets/", "")];
    if (!value) throw new Error(`${workload.metadata.name}: the Secret ${secret} has no ${path}`);
    delete env[name];
    env[name.slice(0, -"_FILE".length)] = value;
  }
  return env;
}

const configMap = (objects: K8sObject[], name?: string): Env =>
  ofKind(objects, "ConfigMap").find(({ metadata }) => metadata.name === name)?.data ?? {};

describe.each(overlayNames)("in %s", (overlay) => {
  let objects: K8sObject[];
  let secrets: SecretValues;
  const env = (kind: string, name: string) => {
    const found = ofKind(objects, kind).filter(({ metadata }) => metadata.name.startsWith(name));
    return environment(objects, found[0] as K8sObject, secrets);
  };
  beforeAll(async () => {
    objects = await render(overlayFolder(overlay));
    secrets = await secretsOf(overlay);
  });

  test.each(serviceNames)("%s accepts the environment and the secrets of its pods", (service) => {
    expect(() => configs[service](env("Deployment", service))).not.toThrow();
  });

  test.each(serviceNames)("the migration of %s gets its URL, and no other secret", (service) => {
    const url = `${service.toUpperCase()}_MIGRATION_URL`;
    const { [url]: value, HOST, PORT, APP_ENV, ...rest } = env("Job", `${service}-migration`);
    expect(value).toMatch(/^(postgres|mongodb):/);
    expect(rest).toEqual({});
  });

  test("ops gets the URLs of all stores", () => {
    const names = [
      "REDIS_URL",
      "ORDER_MONGO_URL",
      "USER_DATABASE_URL",
      "PAYMENT_DATABASE_URL",
      "INVENTORY_DATABASE_URL",
    ];
    expect(Object.keys(env("Deployment", "ops"))).toEqual(expect.arrayContaining(names));
  });

  test("the Secrets that pods mount and operators read are the ones that are made", () => {
    const text = JSON.stringify(objects.filter(({ kind }) => kind !== "ExternalSecret"));
    const fields =
      /"(?:secretName|secretPath)":"([\w-]+)"|"(?:secret|passwordSecret|passwordSecretRef)":\{"name":"([\w-]+)"/g;
    const named = [...text.matchAll(fields)].map(([, mounted, read]) => mounted ?? read);
    expect([...new Set(named)].toSorted()).toEqual(
      Object.keys(secrets)
        .filter((name) => name !== "keda-redis")
        .toSorted(),
    );
  });
});

test("the sandbox gets its keys", async () => {
  const objects = await render(overlayFolder("local"));
  const sandbox = ofKind(objects, "Deployment").find(({ metadata }) => metadata.name === "sandbox") as K8sObject;
  expect(environment(objects, sandbox, await secretsOf("local"))).toMatchObject({
    STRIPE_SECRET_KEY: expect.stringMatching(/^sk_test_/),
    STRIPE_WEBHOOK_SECRET: expect.stringMatching(/^whsec_/),
  });
});

test("every Secret of a cluster has an ExternalSecret", async () => {
  const names = ofKind(await render("components/external-secrets"), "ExternalSecret").map(
    ({ metadata }) => metadata.name,
  );
  expect(names.toSorted()).toEqual(Object.keys(await secretsOf("production")).toSorted());
});
