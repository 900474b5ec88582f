import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runToEnd } from "../../deploy/local/process/run-to-end";
import { findTool } from "../runner/tools";
import { type ApiServer, startApiServer } from "./support/api-server";
import { customResourceFolders } from "./support/custom-resources";
import { ofKind, podTemplate, serving } from "./support/objects";
import { type K8sObject, render } from "./support/render";

/**
 * Without a cluster, `istioctl analyze` leaves out every analyzer that needs Services or pods. An API server that has these
 * is enough of a cluster. The objects of Istio come from a file, so that each test may change them.
 */
let server: ApiServer;
const production = await render("overlays/production");

beforeAll(async () => {
  server = await startApiServer();
  const istio = (await customResourceFolders()).find((folder) => folder.includes("istio.io"));
  await run("apply", "--server-side", "--filename", istio as string);
  await run("label", "namespace", "default", "istio-injection=disabled");
  await apply([...ofKind(production, "Namespace"), namespace("istio-ingress")]);
  await apply(ofKind(production, "Service", "ServiceAccount"));
  await apply([...gateway, await certificateSecret(), ...serving(production).map(toPod)]);
}, 120_000);
afterAll(() => server?.stop());

async function run(...args: string[]): Promise<void> {
  const { ok, output } = await server.kubectl(args);
  if (!ok) throw new Error(output);
}

async function apply(objects: object[]): Promise<void> {
  const { ok, output } = await server.kubectl(["apply", "--server-side", "--filename", "-"], toText(objects));
  if (!ok) throw new Error(output);
}

const toText = (objects: object[]) => objects.map((object) => JSON.stringify(object)).join("\n---\n");

const namespace = (name: string) => ({
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { name, labels: { "istio-injection": "disabled" } },
});

/** The pod of a Deployment as it is after the mesh has added its proxy. */
function toPod(deployment: K8sObject): object {
  const { metadata, spec } = podTemplate(deployment);
  const [program] = spec.containers;
  const proxy = { name: "istio-proxy", image: "istio/proxyv2:1.31.1", securityContext: program?.securityContext };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { ...metadata, ...{ name: deployment.metadata.name, namespace: "shop" } },
    spec: { ...spec, containers: [...spec.containers, proxy] },
  };
}

/** The gateway as Istio's Helm chart installs it. */
const inIngress = { namespace: "istio-ingress", name: "istio-ingress", labels: { istio: "ingress" } };
const gateway: object[] = [
  { apiVersion: "v1", kind: "ServiceAccount", metadata: { ...inIngress, name: "default" } },
  {
    apiVersion: "v1",
    kind: "Service",
    metadata: inIngress,
    spec: {
      selector: inIngress.labels,
      ports: [80, 443].map((port) => ({ name: `http-${port}`, port, targetPort: port })),
    },
  },
  {
    apiVersion: "v1",
    kind: "Pod",
    metadata: inIngress,
    spec: { containers: [{ name: "istio-proxy", image: "istio/proxyv2:1.31.1" }] },
  },
];

/** istioctl reads the certificate. The API server's own will do. */
async function certificateSecret(): Promise<object> {
  const { certFile, keyFile } = server.certificate;
  const read = async (file: string) => Buffer.from(await Bun.file(file).bytes()).toString("base64");
  const data = { "tls.crt": await read(certFile), "tls.key": await read(keyFile) };
  return {
    ...{ apiVersion: "v1", kind: "Secret", metadata: { ...inIngress, name: "shop-tls" } },
    ...{ type: "kubernetes.io/tls", data },
  };
}

/** What istioctl remarks on, such as "IST0101 VirtualService shop/order". */
async function analyze(objects: K8sObject[]): Promise<string[]> {
  const file = join(tmpdir(), `${crypto.randomUUID()}.yaml`);
  await Bun.write(file, toText(objects.filter(({ apiVersion }) => apiVersion.includes("istio.io/"))));
  const options = ["--all-namespaces", "--kubeconfig", server.kubeconfig, "--output", "json"];
  const { out, err } = await runToEnd([findTool("istioctl") as string, "analyze", ...options, file]);
  await rm(file);
  try {
    return (JSON.parse(out) as { code: string; origin: string }[]).map(({ code, origin }) => `${code} ${origin}`);
  } catch {
    throw new Error(`istioctl analyze: ${out}${err}`);
  }
}

function planted(kind: string, name: string, change: (object: K8sObject) => void): K8sObject[] {
  const objects = structuredClone(production);
  change(objects.find((object) => object.kind === kind && object.metadata.name === name) as K8sObject);
  return objects;
}

test.each(["staging", "production"])("istioctl has nothing to remark on %s", async (overlay) => {
  expect(await analyze(await render(`overlays/${overlay}`))).toEqual([]);
});

describe("istioctl finds", () => {
  test("a VirtualService that leads to no host", async () => {
    const objects = planted("VirtualService", "order", ({ spec }) => {
      spec.http[1].route[0].destination.host = "orders.shop.svc.cluster.local";
    });
    expect(await analyze(objects)).toEqual(["IST0101 VirtualService shop/order"]);
  });
  test("a VirtualService of a gateway that does not exist", async () => {
    const objects = planted("VirtualService", "shop", ({ spec }) => {
      spec.gateways = ["store"];
    });
    expect(await analyze(objects)).toContain("IST0101 VirtualService shop/shop");
  });
  test("a server of the gateway without a port", async () => {
    const objects = planted("Gateway", "shop", ({ spec }) => delete spec.servers[0].port);
    expect(await analyze(objects)).toContain("IST0106 Gateway shop/shop");
  });
  test("a port of the gateway at which its pods do not listen", async () => {
    const objects = planted("Gateway", "shop", ({ spec }) => {
      spec.servers[0].port.number = 8443;
    });
    expect(await analyze(objects)).toEqual(["IST0162 Gateway shop/shop"]);
  });
  test("a certificate that does not exist", async () => {
    const objects = planted("Gateway", "shop", ({ spec }) => {
      spec.servers[0].tls.credentialName = "store-tls";
    });
    expect(await analyze(objects)).toEqual(["IST0101 Gateway shop/shop"]);
  });
  test("a rule for pods that do not exist", async () => {
    const objects = planted("AuthorizationPolicy", "order", ({ spec }) => {
      spec.selector.matchLabels["app.kubernetes.io/name"] = "orders";
    });
    expect(await analyze(objects)).toEqual(["IST0127 AuthorizationPolicy shop/order"]);
  });
});
