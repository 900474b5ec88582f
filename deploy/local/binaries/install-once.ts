import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

const ABANDONED_AFTER_MS = 3_600_000;

/** The installations under way in this process, by target. Callers that need the same one share it. */
const underWay = new Map<string, Promise<void>>();

/**
 * Creates the folder `target` unless it exists. It is filled under a temporary name beside the target and renamed when
 * complete, so that neither an interruption nor two launchers at once can leave an incomplete folder.
 * @param fill gets a folder for its temporary files and the folder that becomes the target
 */
export function installOnce(
  target: string,
  fill: (temporary: string, content: string) => Promise<void>,
): Promise<void> {
  const installation = underWay.get(target) ?? install(target, fill).finally(() => underWay.delete(target));
  underWay.set(target, installation);
  return installation;
}

async function install(target: string, fill: (temporary: string, content: string) => Promise<void>): Promise<void> {
  if (existsSync(target)) return;
  const parent = dirname(target);
  await removeAbandoned(parent);
  const temporary = join(parent, `.tmp-${process.pid}-${basename(target)}-${Date.now()}`);
  const content = join(temporary, "content");
  await mkdir(content, { recursive: true });
  try {
    await fill(temporary, content);
    await rename(content, target);
  } catch (error) {
    // Otherwise another launcher was faster, and its copy is as good.
    if (!existsSync(target)) throw error;
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** Removes the temporary folders of launchers that were killed. */
async function removeAbandoned(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    if (!name.startsWith(".tmp-")) continue;
    const { mtimeMs } = await stat(join(parent, name)).catch(() => ({ mtimeMs: Date.now() }));
    if (Date.now() - mtimeMs > ABANDONED_AFTER_MS) await rm(join(parent, name), { recursive: true, force: true });
  }
}
