import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { overlayNames } from "../../envoy/targets";
import { serviceNames } from "../../services/_contracts/services";
import { type ApiServer, startApiServer } from "./support/api-server";
import { customResourceFolders } from "./support/custom-resources";
import { apply, createNamespaces, dryRun, dryRunPods, withObject } from "./support/dry-run";
import { containers, ofKind } from "./support/objects";
import { type K8sObject, nameOf, overlayFolder, render } from "./support/render";

const startMs = 180_000;
/** What is applied to a cluster: the overlays, and what is installed once. */
const folders = [
  ...overlayNames.map(overlayFolder),
  "overlays/staging/certificate",
  "overlays/production/certificate",
  "telemetry",
];

let server: ApiServer;
const rendered = new Map<string, K8sObject[]>();
const objectsOf = (folder: string) => rendered.get(folder) as K8sObject[];

beforeAll(async () => {
  const definitions = await customResourceFolders();
  server = await startApiServer();
  const created = await server.kubectl(["create", ...definitions.flatMap((folder) => ["-f", folder])]);
  if (!created.ok) throw new Error(created.output);
  const established = ["wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"];
  expect(await server.kubectl(established)).toMatchObject({ ok: true });
  for (const folder of folders) {
    rendered.set(folder, await render(folder));
    await createNamespaces(server, objectsOf(folder));
  }
  await apply(server, ofKind(production(), "Role", "RoleBinding"));
}, startMs);
afterAll(() => server?.stop());

describe.each(folders)("%s", (folder) => {
  test("the API server accepts every object", async () => {
    const { ok, output } = await dryRun(server, objectsOf(folder));
    expect(ok ? [] : refused(output)).toEqual([]);
  });
});

test.each(overlayNames)('in %s, Pod Security "restricted" admits every pod', async (overlay) => {
  const { ok, output } = await dryRunPods(server, objectsOf(overlayFolder(overlay)));
  expect(ok ? [] : refused(output)).toEqual([]);
});

/** The lines of kubectl about objects that were not accepted. */
const refused = (output: string) => output.split("\n").filter((line) => !line.includes("(server dry run)"));

const production = () => objectsOf("overlays/production");

describe("somebody of the group shop-deployers", () => {
  const asDeployer = ["--as=somebody", "--as-group=shop-deployers", "--as-group=system:authenticated"];

  test.each([...serviceNames, "edge", "ops"])("may apply all objects of %s", async (program) => {
    const { ok, output } = await dryRun(server, production(), [
      ...asDeployer,
      `--selector=app.kubernetes.io/name=${program}`,
    ]);
    expect(output).toContain(`deployment.apps/${program}`);
    expect(ok ? [] : refused(output)).toEqual([]);
  });

  test.each([
    "get secrets",
    "create pods",
    "create pods --subresource=exec",
    "delete deployments.apps",
    "patch roles.rbac.authorization.k8s.io",
    "patch networkpolicies.networking.k8s.io",
    "create serviceaccounts --subresource=token",
  ])("may not %s", async (action) => {
    const { output } = await server.kubectl(["auth", "can-i", "--namespace=shop", ...asDeployer, ...action.split(" ")]);
    expect(output.split("\n")).toContain("no");
  });
});

type Mistake = { name: string; object: string; plant: (object: K8sObject) => void; report: string };

const invalidObjects: Mistake[] = [
  {
    name: "a quantity that is none",
    object: "Deployment/order",
    plant: (object) => Object.assign(containers(object)[0]?.resources?.requests ?? {}, { cpu: "250 millicores" }),
    report: "quantities must match the regular expression",
  },
  {
    name: "a request above its limit",
    object: "Deployment/order",
    plant: (object) => Object.assign(containers(object)[0]?.resources?.requests ?? {}, { memory: "1Gi" }),
    report: "must be less than or equal to memory limit",
  },
  {
    name: "more instances at least than at most",
    object: "HorizontalPodAutoscaler/user",
    plant: ({ spec }) => Object.assign(spec, { minReplicas: 9 }),
    report: "must be greater than or equal to `minReplicas`",
  },
  {
    name: "an unknown field",
    object: "Deployment/order",
    plant: (object) => Object.assign(containers(object)[0] ?? {}, { readynessProbe: {} }),
    report: 'unknown field "readynessProbe"',
  },
  {
    name: "an unknown field of an operator's object",
    object: "Cluster/user-db",
    plant: ({ spec }) => Object.assign(spec, { replicas: 3 }),
    report: 'unknown field "replicas"',
  },
  {
    name: "a wrong value in an operator's object",
    object: "Cluster/user-db",
    plant: ({ spec }) => Object.assign(spec.postgresql.synchronous, { method: "all" }),
    report: 'Unsupported value: "all"',
  },
  {
    name: "a wrong apiVersion",
    object: "Deployment/order",
    plant: (object) => Object.assign(object, { apiVersion: "apps/v1beta1" }),
    report: 'no matches for kind "Deployment" in version "apps/v1beta1"',
  },
  {
    name: "a selector that does not match the pods",
    object: "Deployment/order",
    plant: ({ spec }) => Object.assign(spec.selector.matchLabels, { version: "2" }),
    report: "`selector` does not match template `labels`",
  },
  {
    name: "a name with an underscore",
    object: "Job/order-migration-1.0.0",
    plant: ({ metadata }) => Object.assign(metadata, { name: "order_migration" }),
    report: "a lowercase RFC 1123 subdomain must consist of",
  },
];

const refusedPods: Mistake[] = [
  {
    name: "a privileged container",
    object: "Deployment/order",
    plant: (object) =>
      Object.assign(containers(object)[0] ?? {}, { securityContext: { privileged: true, runAsNonRoot: true } }),
    report: "privileged",
  },
  {
    name: "a container that may run as root",
    object: "Deployment/order",
    plant: (object) => Object.assign(object.spec.template.spec, { securityContext: {} }),
    report: "runAsNonRoot != true",
  },
  {
    name: "a folder of the node",
    object: "Deployment/order",
    plant: (object) => object.spec.template.spec.volumes.push({ name: "host", hostPath: { path: "/" } }),
    report: "restricted volume types",
  },
];

describe("the API server finds", () => {
  test.each(invalidObjects)("$name", async ({ object, plant, report }) => {
    const { ok, output } = await dryRun(server, withObject(production(), object, plant));
    expect(output).toContain(report);
    expect(ok).toBe(false);
  });

  test.each(refusedPods)("in a pod: $name", async ({ object, plant, report }) => {
    const { ok, output } = await dryRunPods(server, withObject(production(), object, plant));
    expect(output).toContain('violates PodSecurity "restricted:latest"');
    expect(output).toContain(report);
    expect(ok).toBe(false);
  });
});

test("the mistakes are planted into objects that exist", () => {
  const names = new Set(production().map(nameOf));
  expect([...invalidObjects, ...refusedPods].filter(({ object }) => !names.has(object))).toEqual([]);
});
