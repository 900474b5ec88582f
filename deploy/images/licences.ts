import { join } from "node:path";
import { serviceNames } from "../../services/_contracts/services";
import { bundle } from "./bundle";
import { keyOf, type Package } from "./packages";
import { bundledImages, root } from "./programs";

/**
 * `bun deploy/images/licences.ts`: writes docs/licences.md, the packages in our images and their licences. `bun run check`
 * fails if the file is out of date, or if a package has a licence that is not in `allowed`.
 */
const file = "docs/licences.md";

/** Licences that ask for no more than to keep their text, which each image has in /app/licences.txt. */
const allowed = ["0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MIT-0", "Unlicense"];

type Use = { entry: Package; images: string[] };

/** @returns what is wrong with docs/licences.md or the licences, undefined if nothing is */
export async function licenceProblems(): Promise<string | undefined> {
  const uses = await readUses();
  const refused = refusedLicences(uses.map(({ entry }) => entry));
  const isStale = (await Bun.file(join(root, file)).text()) !== render(uses);
  const stale = isStale ? [`${file} is out of date: run \`bun deploy/images/licences.ts\``] : [];
  return [...refused, ...stale].join("\n") || undefined;
}

/** @returns a line for each package whose licence is unknown, or allowed by none of its alternatives */
export function refusedLicences(packages: Package[]): string[] {
  return packages
    .filter(({ licence }) => !alternatives(licence).some((one) => allowed.includes(one)))
    .map((entry) => `${keyOf(entry)} has the licence ${entry.licence ?? "(none)"}, which is not allowed`);
}

const alternatives = (licence = "") => licence.replace(/^\((.*)\)$/, "$1").split(" OR ");

async function readUses(): Promise<Use[]> {
  const uses = new Map<string, Use>();
  for (const image of bundledImages) {
    for (const entry of await bundle(image)) {
      const use = uses.get(keyOf(entry)) ?? { entry, images: [] };
      use.images.push(image);
      uses.set(keyOf(entry), use);
    }
  }
  return [...uses.values()].sort((a, b) => (keyOf(a.entry) < keyOf(b.entry) ? -1 : 1));
}

function render(uses: Use[]): string {
  const rows = uses.map(
    ({ entry, images }) => `| ${entry.name} | ${entry.version} | ${entry.licence} | ${imagesText(images)} |`,
  );
  return `# Licences

Written by \`bun deploy/images/licences.ts\`, never by hand. The packages of which files are in the
bundles of our images, as Bun's bundler reports them. Each image has this list in \`/app/sbom.json\`
(CycloneDX 1.6) and the licences' texts in \`/app/licences.txt\`. The shop itself has the licence
Apache-2.0. Bun ${Bun.version}, which runs the bundles, is MIT, and contains JavaScriptCore (LGPL-2).
\`bun run check\` refuses a package with another licence than
${allowed.join(", ")}.
If a package offers a choice (OR), one of them must be allowed.

| package | version | licence | in |
|---|---|---|---|
${rows.join("\n")}
`;
}

/** The images' names; "services" for all of them. */
function imagesText(images: string[]): string {
  if (!serviceNames.every((name) => images.includes(name))) return images.join(", ");
  const others = images.filter((image) => !(serviceNames as readonly string[]).includes(image));
  return ["services", ...others].join(", ");
}

if (import.meta.main) {
  const uses = await readUses();
  await Bun.write(join(root, file), render(uses));
  const refused = refusedLicences(uses.map(({ entry }) => entry));
  for (const line of refused) console.error(line);
  process.exit(refused.length === 0 ? 0 : 1);
}
