import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { run } from "./run";

type Descriptor = { digest: string; size: number; platform?: { architecture: string; os: string } };
type Config = {
  architecture: string;
  os: string;
  created: string;
  config: {
    User: string;
    Env: string[];
    Entrypoint: string[];
    Cmd: string[];
    Labels: Record<string, string>;
    Healthcheck?: { Test: string[] };
  };
};
/** A file, and where it is: its name in the archive of a layer. */
export type FileEntry = { path: string; mode: string; owner: string; size: number; layer: string; name: string };

/** An image of one platform, in an unpacked OCI archive. */
export type PlatformImage = { config: Config; files: FileEntry[]; read: (path: string) => Promise<Buffer> };

/** Reads an OCI archive. @returns its digest, and the image of each architecture */
export async function readArchive(
  archive: string,
  folder: string,
): Promise<{ digest: string; images: Record<string, PlatformImage> }> {
  await mkdir(folder, { recursive: true });
  await run(["tar", "-xf", archive, "-C", folder]);
  const blob = ({ digest }: { digest: string }) => join(folder, "blobs", digest.replace(":", "/"));
  const json = (descriptor: Descriptor) => Bun.file(blob(descriptor)).json();
  const [index] = (await Bun.file(join(folder, "index.json")).json()).manifests as [Descriptor];
  const images: Record<string, PlatformImage> = {};
  for (const descriptor of (await json(index)).manifests as Descriptor[]) {
    const manifest = (await json(descriptor)) as { config: Descriptor; layers: Descriptor[] };
    const files = (await Promise.all(manifest.layers.map((layer) => listFiles(blob(layer))))).flat();
    const read = async (path: string) => {
      const file = files.findLast((each) => each.path === path);
      if (!file) throw new Error(`the image has no ${path}`);
      const child = Bun.spawn(["tar", "-xOf", file.layer, file.name]);
      return Buffer.from(await new Response(child.stdout).arrayBuffer());
    };
    const config: Config = await json(manifest.config);
    images[config.architecture] = { config, files, read };
  }
  return { digest: index.digest, images };
}

async function listFiles(layer: string): Promise<FileEntry[]> {
  const lines = (await run(["tar", "-tvf", layer, "--numeric-owner"])).trim().split("\n");
  return lines.map((line) => {
    const [mode = "", owner = "", size = "", , , name = ""] = line.split(/\s+/);
    return { path: `/${name.replace(/^\.?\//, "").replace(/\/$/, "")}`, mode, owner, size: Number(size), layer, name };
  });
}
