import rootManifest from "../../package.json";
import { keyOf, licenceFiles, type Package } from "./packages";

const patched: string[] = Object.keys(rootManifest.patchedDependencies);

/**
 * The software bill of materials of an image, in CycloneDX 1.6: Bun and the packages of which files are in the bundles.
 * Packages of the base image are not in it; a scanner finds them in the image. It has no time and no random number, so
 * that the same source gives the same bytes.
 */
export function billOfMaterials(image: string, version: string, packages: Package[]) {
  const shop = {
    type: "application",
    "bom-ref": `shop/${image}`,
    name: `shop/${image}`,
    version,
    ...licensed("Apache-2.0"),
  };
  const components = packages.map((entry) => ({
    type: "library",
    "bom-ref": purl(entry.name, entry.version),
    name: entry.name,
    version: entry.version,
    ...licensed(entry.licence),
    purl: purl(entry.name, entry.version),
    // The fixes in services/_kit/patches: this is not the code that the registry has.
    ...(patched.includes(keyOf(entry)) && { pedigree: { patches: [{ type: "unofficial" }] } }),
  }));
  const bun = {
    type: "platform",
    "bom-ref": purl("bun", Bun.version),
    name: "bun",
    version: Bun.version,
    ...licensed("MIT"),
    purl: purl("bun", Bun.version),
  };
  return {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: { component: shop },
    components: [bun, ...components],
    dependencies: [{ ref: shop["bom-ref"], dependsOn: [bun, ...components].map((component) => component["bom-ref"]) }],
  };
}

/** The licences' texts, which must be passed on with the code. */
export async function licenceTexts(packages: Package[]): Promise<string> {
  const sections = packages.map(async (entry) => {
    const texts = await licenceFiles(entry);
    return [`=== ${keyOf(entry)}: ${entry.licence}`, ...texts.map((text) => text.trim())].join("\n\n");
  });
  return `${(await Promise.all(sections)).join("\n\n")}\n`;
}

const purl = (name: string, version: string) => `pkg:npm/${name.replace("@", "%40")}@${version}`;

function licensed(licence: string | undefined) {
  if (!licence) return {};
  return { licenses: [/[ ()]/.test(licence) ? { expression: licence } : { license: { id: licence } }] };
}
