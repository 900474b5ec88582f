import { chmod, chown, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ProgramFolder } from "./program-files";

/**
 * Makes a folder hold exactly these files, readable by their owner only. A file whose content is the same is left as it
 * is, and another one is replaced as a whole: a program that starts at this moment never reads half a file.
 */
export async function writeFolder(folder: string, { owner, files }: ProgramFolder): Promise<void> {
  await mkdir(folder, { recursive: true });
  await chown(folder, owner, owner);
  await chmod(folder, 0o500);
  for (const name of await readdir(folder)) if (!(name in files)) await rm(join(folder, name));
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder, name);
    if ((await readFile(path, "utf8").catch(() => undefined)) === text) continue;
    await writeFile(`${path}.new`, text, { mode: 0o400 });
    await chown(`${path}.new`, owner, owner);
    await rename(`${path}.new`, path);
  }
}
