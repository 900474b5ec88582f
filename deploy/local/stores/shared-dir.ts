import { chmodSync, lstatSync, mkdirSync } from "node:fs";
import { repoRoot } from "../config/paths";
import { UserError } from "../user-error";

/**
 * Where root keeps what PostgreSQL's account must reach and cannot, because the checkout is in a folder such as /root.
 * Every user may pass through it; only root can list or change it. Not in /tmp or /var/tmp, which are cleaned up.
 */
export const sharedDir = "/var/lib/shop-dev";

/** Creates a folder of `sharedDir`. @throws UserError when that is not possible, or not safe */
export function openSharedDir(): string {
  try {
    mkdirSync(sharedDir, { recursive: true });
    const folder = lstatSync(sharedDir);
    if (!folder.isDirectory() || folder.uid !== 0 || (folder.mode & 0o022) !== 0) {
      throw new UserError(`${sharedDir} must be a folder that only root can change; delete it and start again`);
    }
    chmodSync(sharedDir, 0o711);
    return sharedDir;
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(
      `PostgreSQL's user cannot enter ${repoRoot}, and ${sharedDir} cannot be created (${(error as Error).message}). ` +
        "Move the checkout to a folder that all users can enter, or start as an ordinary user",
    );
  }
}
