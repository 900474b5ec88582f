import { afterEach, beforeEach, expect, test } from "bun:test";
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { overlayNames } from "../../../envoy/targets";
import { serviceNames } from "../../../services/_contracts/services";
import { ofKind } from "../../k8s/support/objects";
import {
  type K8sObject,
  k8sDir,
  nameOf,
  overlayFolder,
  parseObjects,
  render,
  renderText,
} from "../../k8s/support/render";

/** The objects of production as they are. */
const before = byName(parseObjects(await renderText(join(k8sDir, "overlays/production"))));

/** A copy of deploy/k8s, in which a test changes files. */
let copy: string;
beforeEach(async () => {
  copy = await mkdtemp(join(tmpdir(), "k8s-"));
  await cp(k8sDir, copy, { recursive: true });
});
afterEach(() => rm(copy, { recursive: true }));

function byName(objects: K8sObject[]): Map<string, string> {
  return new Map(objects.map((object) => [nameOf(object), JSON.stringify(object)]));
}

async function change(file: string, from: string | RegExp, to: string): Promise<void> {
  const path = join(copy, file);
  const text = await readFile(path, "utf8");
  const changed = text.replace(from, to);
  expect(changed).not.toBe(text);
  await writeFile(path, changed);
}

/** The names of the objects that exist only before or only after the changes in the copy, or that differ. */
async function moved(): Promise<string[]> {
  const after = byName(parseObjects(await renderText(join(copy, "overlays/production"))));
  const names = [...new Set([...before.keys(), ...after.keys()])];
  return names.filter((name) => before.get(name) !== after.get(name)).toSorted();
}

const setTag = (service: string, tag: string) =>
  change("overlays/production/images/kustomization.yaml", new RegExp(`(shop/${service}, newTag: )[^ ]+`), `$1${tag}`);

const movedBy = (service: string) => [
  `Deployment/${service}`,
  `Job/${service}-migration-1.0.0`,
  `Job/${service}-migration-9.9.9`,
];

test.each(serviceNames)(
  "a new version of %s changes its Deployment and starts a migration, and nothing else",
  async (service) => {
    await setTag(service, "9.9.9");
    expect(await moved()).toEqual(movedBy(service));
  },
);

test.each(["edge", "ops"])("a new version of %s changes its Deployment, and nothing else", async (program) => {
  await setTag(program, "9.9.9");
  expect(await moved()).toEqual([`Deployment/${program}`]);
});

test("a version in the ConfigMap that all services share would restart all of them", async () => {
  await setTag("order", "9.9.9");
  await change(
    "overlays/production/kustomization.yaml",
    "APP_ENV=production",
    "APP_ENV=production, ORDER_VERSION=9.9.9",
  );
  const found = await moved();
  expect(found).not.toEqual(movedBy("order"));
  expect(found).toContain("Deployment/payment");
});

test("a setting of one service restarts that service only", async () => {
  await change("base/order/config.env", /$/, "PAYMENT_HOLD_SECONDS=600\n");
  const deployments = (await moved()).filter((name) => name.startsWith("Deployment/"));
  expect(deployments).toEqual(["Deployment/order"]);
});

test.each(overlayNames)("in %s, the edge gets every configuration file that was generated for it", async (overlay) => {
  const files = await readdir(join(k8sDir, overlayFolder(overlay), "edge"));
  const config = ofKind(await render(overlayFolder(overlay)), "ConfigMap").find(({ metadata }) =>
    metadata.name.startsWith("edge-"),
  );
  expect(Object.keys(config?.data).toSorted()).toEqual(files.filter((file) => file.endsWith(".yaml")).toSorted());
});
