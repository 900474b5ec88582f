import rootManifest from "../../package.json";
import { keyOf, licenceFiles, type Package } from "./packages";

const patched: string[] = Object.keys(rootManifest.patchedDependencies);

type Component = { type: string; name: string; version: string; purl: string; licence: string | undefined };

/**
 * The software bill of materials of an image, in CycloneDX 1.6: its runtime, and the packages of which files are in the
 * bundles. Packages of the base image are not in it; a scanner finds them in the image. It has no time and no random
 * number, so that the same source gives the same bytes.
 */
export function billOfMaterials(image: string, version: string, packages: Package[], runtime = bun) {
  const shop = { type: "application", name: `shop/${image}`, version, ...licensed("Apache-2.0") };
  const libraries = packages.map((entry) => ({
    ...componentOf({ ...entry, type: "library", purl: npm(entry.name, entry.version) }),
    // The fixes in services/_kit/patches: this is not the code that the registry has.
    ...(patched.includes(keyOf(entry)) && { pedigree: { patches: [{ type: "unofficial" }] } }),
  }));
  const components = [componentOf(runtime), ...libraries];
  return {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: { component: { ...shop, "bom-ref": shop.name } },
    components,
    dependencies: [{ ref: shop.name, dependsOn: components.map((component) => component["bom-ref"]) }],
  };
}

const npm = (name: string, version: string) => `pkg:npm/${name.replace("@", "%40")}@${version}`;

const bun: Component = {
  ...{ type: "platform", name: "bun", version: Bun.version, licence: "MIT" },
  purl: npm("bun", Bun.version),
};

/** Envoy, in the version of the tag of its image. */
export function envoyOf(image: string): Component {
  const version = /:\S*?v(\d+\.\d+\.\d+)/.exec(image)?.[1];
  if (!version) throw new Error(`the tag of ${image} has no version`);
  const purl = `pkg:github/envoyproxy/envoy@v${version}`;
  return { type: "platform", name: "envoy", version, licence: "Apache-2.0", purl };
}

function componentOf({ type, name, version, purl, licence }: Component) {
  return { type, "bom-ref": purl, name, version, ...licensed(licence), purl };
}

/** The licences' texts, which must be passed on with the code. */
export async function licenceTexts(packages: Package[]): Promise<string> {
  const sections = packages.map(async (entry) => {
    const texts = await licenceFiles(entry);
    return [`=== ${keyOf(entry)}: ${entry.licence}`, ...texts.map((text) => text.trim())].join("\n\n");
  });
  return `${(await Promise.all(sections)).join("\n\n")}\n`;
}

function licensed(licence: string | undefined) {
  if (!licence) return {};
  return { licenses: [/[ ()]/.test(licence) ? { expression: licence } : { license: { id: licence } }] };
}

// `bun deploy/images/sbom.ts <Envoy's image> <version> <file>` writes the one of the edge. Those of bundles: bundle.ts.
if (import.meta.main) {
  const [envoyImage = "", version = "", file = ""] = process.argv.slice(2);
  const bill = billOfMaterials("edge", version, [], envoyOf(envoyImage));
  await Bun.write(file, `${JSON.stringify(bill, null, 2)}\n`);
}
