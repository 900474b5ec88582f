import { describe, expect, test } from "bun:test";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findTool } from "../runner/tools";
import { istioSchemaCheck } from "./support/istio-crds";
import { type K8sObject, render } from "./support/render";

const schemaProblems = await istioSchemaCheck();
const production = await render("overlays/production");

/** What istioctl finds, as "IST0101 VirtualService shop/order". Empty: nothing, not even a remark. */
async function analyze(objects: K8sObject[]): Promise<string[]> {
  const file = join(tmpdir(), `${crypto.randomUUID()}.yaml`);
  await Bun.write(file, objects.map((object) => JSON.stringify(object)).join("\n---\n"));
  const command = [findTool("istioctl") as string, "analyze", "-A", "--use-kube=false", "--output", "json", file];
  const child = Bun.spawn(command, { stdio: ["ignore", "pipe", "pipe"] });
  const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  await child.exited;
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

describe.each(["staging", "production"])("the overlay %s", (overlay) => {
  test("has nothing that istioctl remarks on", async () => {
    expect(await analyze(await render(`overlays/${overlay}`))).toEqual([]);
  });
  test("agrees with the CustomResourceDefinitions of Istio", async () => {
    expect(schemaProblems(await render(`overlays/${overlay}`))).toEqual([]);
  });
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
  test("two DestinationRules for one host", async () => {
    const objects = planted("DestinationRule", "order", ({ spec }) => {
      spec.host = "user.shop.svc.cluster.local";
    });
    expect((await analyze(objects)).join()).toContain("DestinationRule");
  });
});

describe("the CustomResourceDefinitions refuse", () => {
  test("a field that does not exist", () => {
    const objects = planted("VirtualService", "order", ({ spec }) => {
      spec.http[1].retry = spec.http[1].retries;
    });
    expect(schemaProblems(objects)).toEqual([
      "VirtualService/order /spec/http/1: must NOT have additional properties retry",
    ]);
  });
  test("a value that does not exist", () => {
    const objects = planted("PeerAuthentication", "strict", ({ spec }) => {
      spec.mtls.mode = "STRICTEST";
    });
    expect(schemaProblems(objects).join()).toContain("PeerAuthentication/strict /spec/mtls/mode");
  });
});
