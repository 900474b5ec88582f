import { lstatSync, readFileSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { UserError } from "../user-error";

/** As whom PostgreSQL runs: arguments for `setpriv`, and the owner of its files. Empty when we are an ordinary user. */
export type RunAs = { uid?: number; gid?: number; setpriv?: string[] };

const OTHERS_MAY_ENTER = 0o001;

/**
 * PostgreSQL refuses to run as root. Started by root, it runs as the cluster's owner, else as the machine's `postgres`
 * user, else as `nobody`: no user is created. Below a folder that others may not enter (/root) it also keeps the one
 * capability to pass through.
 */
export function postgresUser(dataDir: string): RunAs {
  if (process.getuid?.() !== 0) return {};
  if (!Bun.which("setpriv")) {
    throw new UserError("PostgreSQL does not run as root: start as another user, or install setpriv (util-linux)");
  }
  const owner = lstatSync(dataDir, { throwIfNoEntry: false });
  const { uid, gid } = owner && owner.uid !== 0 ? owner : account();
  const setpriv = [`--reuid=${uid}`, `--regid=${gid}`, "--clear-groups"];
  if ([dataDir, import.meta.dir].some(isShut)) setpriv.push("--inh-caps=+dac_override", "--ambient-caps=+dac_override");
  return { uid, gid, setpriv };
}

function account(): { uid: number; gid: number } {
  const lines = readFileSync("/etc/passwd", "utf8").split("\n");
  for (const name of ["postgres", "nobody"]) {
    const [, , uid, gid] = lines.find((line) => line.startsWith(`${name}:`))?.split(":") ?? [];
    if (uid && gid) return { uid: Number(uid), gid: Number(gid) };
  }
  throw new UserError(
    "PostgreSQL does not run as root, and this machine has no user `postgres` or `nobody` to run it as",
  );
}

/** Whether some folder above `path` keeps other users out. */
function isShut(path: string): boolean {
  for (let folder = dirname(path); folder !== "/"; folder = dirname(folder)) {
    const mode = statSync(folder, { throwIfNoEntry: false })?.mode;
    if (mode !== undefined && (mode & OTHERS_MAY_ENTER) === 0) return true;
  }
  return false;
}
