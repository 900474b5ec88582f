import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { podman } from "../support/run";
import { standIns } from "./images";
import { Rootfs } from "./rootfs";

/**
 * `bun tests/containers/stand-in/build.ts [part of a name…]`: where no registry of images can be reached, makes the images
 * that Dockerfile and compose.yaml refer to, under their real names, from programs that are here anyway. They are for
 * tests only. An image that was made from the same recipe is kept; one that was pulled is never replaced.
 */
const RECIPE = "shop.stand-in.recipe";

export async function buildStandIns(parts: string[] = [], print = console.log): Promise<void> {
  const recipe = await recipeHash();
  for (const [name, { fill, config, arch }] of Object.entries(standIns)) {
    if (parts.length > 0 && !parts.some((part) => name.includes(part))) continue;
    const made = await recipeOf(name);
    if (made === recipe || made === "pulled") continue;
    const folder = await mkdtemp(join(tmpdir(), "stand-in-"));
    try {
      const rootfs = new Rootfs(join(folder, "root"));
      await rootfs.prepare();
      await fill(rootfs);
      const archive = join(folder, "root.tar");
      await rootfs.archive(archive);
      const changes = [...config, `LABEL ${RECIPE}=${recipe}`].flatMap((line) => ["--change", line]);
      await podman(["import", "--quiet", ...(arch ? ["--arch", arch] : []), ...changes, archive, name]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
    print(`made ${name}`);
  }
}

/** The recipe of the image that has this name, "pulled" if it is the real one, undefined if there is none. */
async function recipeOf(name: string): Promise<string | undefined> {
  if (Bun.spawnSync(["podman", "image", "exists", name]).exitCode !== 0) return undefined;
  return (await podman(["image", "inspect", "--format", `{{index .Labels "${RECIPE}"}}`, name])).trim() || "pulled";
}

/** Changes when one of these files, or the version of Bun, changes. */
async function recipeHash(): Promise<string> {
  const hash = createHash("sha256").update(Bun.version);
  for (const file of (await readdir(import.meta.dir, { recursive: true })).sort()) {
    if (/\.(ts|sh)$/.test(file)) hash.update(file).update(await readFile(join(import.meta.dir, file)));
  }
  return hash.digest("hex").slice(0, 16);
}

if (import.meta.main) await buildStandIns(process.argv.slice(2));
