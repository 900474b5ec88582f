import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";

/** A package of which files are in a bundle. */
export type Package = {
  name: string;
  version: string;
  /** An SPDX id or expression; undefined if the package does not say. */
  licence: string | undefined;
  folder: string;
};

type Manifest = { name: string; version: string; license?: unknown; licenses?: { type: string }[] };

/**
 * The packages that files of a bundle come from, in the order of their names, each version once.
 * @param inputs paths of the bundle's metafile, relative to the working directory
 */
export async function bundledPackages(inputs: string[]): Promise<Package[]> {
  const folders = new Set<string>();
  for (const input of inputs) {
    const folder = /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(input)?.[0];
    if (folder) folders.add(resolve(folder));
  }
  const packages = await Promise.all([...folders].map(readPackage));
  const byKey = new Map(packages.map((entry) => [keyOf(entry), entry]));
  return [...byKey.values()].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

export const keyOf = ({ name, version }: Package) => `${name}@${version}`;

async function readPackage(folder: string): Promise<Package> {
  const { name, version, license, licenses }: Manifest = await Bun.file(join(folder, "package.json")).json();
  const old = licenses?.map(({ type }) => type).join(" OR "); // as npm had it before 2015
  return { name, version, licence: typeof license === "string" ? license : old, folder };
}

/** The texts of a package's licence and notices. Empty if the package has no such file. */
export async function licenceFiles({ folder }: Package): Promise<string[]> {
  const files = (await readdir(folder, { withFileTypes: true }))
    .filter((entry) => entry.isFile() && /^(licen[cs]e|notice|copying)/i.test(entry.name))
    .map(({ name }) => name)
    .sort();
  return await Promise.all(files.map((name) => Bun.file(join(folder, name)).text()));
}
