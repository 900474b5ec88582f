import { cp, rm } from "node:fs/promises";
import { join } from "node:path";
import { services } from "../../services/_contracts/services";
import { bundledPackages, type Package } from "./packages";
import { bundledImages, entryPoints, root } from "./programs";
import { billOfMaterials, licenceTexts } from "./sbom";

/**
 * `bun deploy/images/bundle.ts <service|ops|sandbox> <folder> [version]`: writes what the image of one program contains,
 * and nothing else: bundles with their source maps, the service's migrations, the list of the packages in the bundles
 * (sbom.json, CycloneDX), and their licences. The same source gives the same bytes.
 */
export async function writeImageFolder(image: string, folder: string, version = "dev"): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  const packages = await bundle(image, folder);
  await Bun.write(join(folder, "sbom.json"), `${JSON.stringify(billOfMaterials(image, version, packages), null, 2)}\n`);
  await Bun.write(join(folder, "licences.txt"), await licenceTexts(packages));
  const migrations = join(root, "services", image, "store/migrations");
  if (services[image as keyof typeof services]?.store === "postgres")
    await cp(migrations, join(folder, "store/migrations"), { recursive: true });
}

/** Bundles the programs of an image; writes no file without a folder. @returns the packages that the bundles contain */
export async function bundle(image: string, folder?: string): Promise<Package[]> {
  const inputs: string[] = [];
  for (const [name, path] of Object.entries(entryPoints(image))) {
    const result = await Bun.build({
      entrypoints: [join(root, path)],
      root,
      outdir: folder,
      naming: { entry: `${name}.[ext]` },
      target: "bun",
      minify: true,
      sourcemap: "linked",
      metafile: true,
    });
    if (!result.success || !result.metafile) throw new AggregateError(result.logs, `cannot bundle ${path}`);
    inputs.push(...Object.keys(result.metafile.inputs));
  }
  return await bundledPackages(inputs);
}

if (import.meta.main) {
  const [image = "", folder, version] = process.argv.slice(2);
  if (!bundledImages.includes(image) || !folder) {
    console.error(`usage: bun deploy/images/bundle.ts <${bundledImages.join("|")}> <folder> [version]`);
    process.exit(1);
  }
  await writeImageFolder(image, folder, version);
}
