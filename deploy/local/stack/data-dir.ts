import { mkdir, rm, stat } from "node:fs/promises";
import { checkoutNotWritable } from "../config/checkout";
import type { StackPaths } from "../config/paths";
import { describeUser } from "../process/accounts";
import { removeCluster } from "../stores/postgres-cluster";
import { UserError } from "../user-error";

/**
 * Creates the data directory of a stack.
 * @throws UserError when this user cannot write to the checkout, or when the data belongs to another user: the
 * servers of two users would leave each other files that they cannot open
 */
export async function createDataDir(paths: StackPaths): Promise<void> {
  try {
    // PostgreSQL's user must pass through it. Only its owner can list it.
    await mkdir(paths.dataDir, { recursive: true, mode: 0o711 });
    const owner = (await stat(paths.dataDir)).uid;
    if (owner !== process.getuid?.()) {
      throw new UserError(
        `${paths.dataDir} belongs to ${describeUser(owner)}: start as that user, or use another PORT_OFFSET`,
      );
    }
    await mkdir(paths.run, { recursive: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw code === "EACCES" || code === "EPERM" || code === "EROFS" ? checkoutNotWritable(code) : error;
  }
}

/** Deletes the data, logs and secrets of a stack. Its lock and the launcher's pid file stay. */
export async function wipeDataDir(paths: StackPaths): Promise<void> {
  await removeCluster(paths);
  const others = [paths.mongo, paths.redis, paths.envoy, paths.logs, paths.secrets, paths.stackFile];
  for (const path of others) await rm(path, { recursive: true, force: true });
}
