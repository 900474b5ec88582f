import { createHash } from "node:crypto";
import { chmodSync, chownSync, existsSync, readlinkSync } from "node:fs";
import { mkdir, readFile, rename, rm, symlink } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import type { StackPaths } from "../config/paths";
import { type Account, describeUser } from "../process/accounts";
import { commandLine } from "../process/proc";
import { baseEnv, withParentDeathSignal } from "../process/spawn";
import { UserError } from "../user-error";
import { canEnter, changeTo } from "./postgres-user";
import { openSharedDir, sharedDir } from "./shared-dir";

/** What `initdb` needs. */
type Creation = { bin: string; password: string; account: Account | undefined };

/**
 * Finds PostgreSQL's data, and creates it at the first start. It is in `paths.pg`, or, if PostgreSQL's account cannot
 * enter the data directory, in a folder of `sharedDir` of which `paths.pg` is a symbolic link.
 * @returns the real path
 */
export async function openCluster(paths: StackPaths, creation: Creation): Promise<string> {
  const link = linkTarget(paths.pg);
  if (link !== undefined) return checkLink(paths, link);
  const { account } = creation;
  if (!account || (await canEnter(account, paths.dataDir))) {
    if (!existsSync(paths.pg)) await createCluster(paths.pg, creation);
    return paths.pg;
  }
  if (existsSync(paths.pg)) {
    throw new UserError(
      `PostgreSQL's ${describeUser(account.uid)} can no longer enter ${paths.dataDir}: ` +
        "let all users pass (chmod o+x on the folders above it), or start with --fresh, which deletes the data",
    );
  }
  openSharedDir();
  const cluster = sharedCluster(paths);
  await rm(cluster, { recursive: true, force: true }); // of a data directory that was deleted by hand
  await createCluster(cluster, creation);
  await symlink(cluster, paths.pg);
  return cluster;
}

/** Deletes PostgreSQL's data wherever it is. Never follows a link to the data of another checkout. */
export async function removeCluster(paths: StackPaths): Promise<void> {
  const folders = linkTarget(paths.pg) === sharedCluster(paths) ? [paths.pg, sharedCluster(paths)] : [paths.pg];
  for (const folder of folders) {
    await rm(folder, { recursive: true, force: true });
    await rm(`${folder}.new`, { recursive: true, force: true });
  }
}

/**
 * Removes a postmaster.pid whose number now belongs to another program, as after a power cut: PostgreSQL would refuse
 * to start. The file of a running PostgreSQL protects the data and is kept.
 */
export async function removeStalePidFile(cluster: string): Promise<void> {
  const file = join(cluster, "postmaster.pid");
  const pid = Number.parseInt(await readFile(file, "utf8").catch(() => ""), 10);
  const command = pid > 0 ? commandLine(pid) : "";
  if (command !== "" && !command.includes("postgres")) await rm(file, { force: true });
}

/** A name that depends on the path of the data directory, so that no two stacks share their data. */
function sharedCluster({ dataDir, offset }: StackPaths): string {
  const checkout = basename(resolve(dataDir, "../..")).replace(/[^\w.-]/g, "-");
  const hash = createHash("sha256").update(dataDir).digest("hex").slice(0, 16);
  return join(sharedDir, `data-${checkout}-${offset}-${hash}`);
}

/** A link to a folder outside `sharedDir` was made by the user and is followed. */
function checkLink(paths: StackPaths, target: string): string {
  if (!existsSync(target)) {
    throw new UserError(`PostgreSQL's data, ${target}, does not exist any more: start with --fresh`);
  }
  if (target.startsWith(`${sharedDir}/`) && target !== sharedCluster(paths)) {
    throw new UserError(
      `${paths.pg} links to the data of another checkout, ${target}. ` +
        "If this checkout was copied or moved, start with --fresh",
    );
  }
  return target;
}

/** Creates the cluster under a temporary name and renames it: after a crash, half a cluster would not start. */
async function createCluster(cluster: string, { bin, password, account }: Creation): Promise<void> {
  const temporary = `${cluster}.new`;
  await rm(temporary, { recursive: true, force: true });
  await mkdir(temporary, { recursive: true, mode: 0o700 });
  if (account) chownSync(temporary, account.uid, account.gid);
  chmodSync(temporary, 0o700);
  const initdb = [join(bin, "initdb"), "-D", temporary, "--username=postgres", "--auth=scram-sha-256"].concat([
    "--pwfile=/dev/stdin",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin", // the same order on every machine, independent of installed locales
    "--builtin-locale=C.UTF-8",
  ]);
  const child = Bun.spawn(withParentDeathSignal(initdb, "SIGTERM", changeTo(account)), {
    cwd: "/",
    env: { ...baseEnv(), LC_ALL: "C" },
    stdin: new Blob([`${password}\n`]),
    stdout: "ignore",
    stderr: "pipe",
  });
  const err = (await new Response(child.stderr).text()).trim();
  if ((await child.exited) !== 0) throw new UserError(explainFailure(err));
  await rename(temporary, cluster);
}

function explainFailure(err: string): string {
  const uid = /could not look up effective user ID (\d+)/.exec(err)?.[1];
  if (uid) return `PostgreSQL needs a user account, and uid ${uid} has none in /etc/passwd: start as another user`;
  if (/No space left/i.test(err)) return "the disk is full: PostgreSQL could not create its data";
  return `PostgreSQL could not create its data:\n${err}`;
}

function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined; // not a link, or nothing
  }
}
