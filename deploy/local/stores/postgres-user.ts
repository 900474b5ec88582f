import { statSync } from "node:fs";
import { type Account, describeUser, findAccount } from "../process/accounts";
import { UserError } from "../user-error";

/**
 * The account that PostgreSQL runs as. PostgreSQL refuses to run as root, so for root this is the owner of its data if
 * there is some, else the account `postgres` or `nobody`. No account is created.
 * @returns undefined for an ordinary user, as whom PostgreSQL simply runs
 * @throws UserError when there is no such account, or no `setpriv`
 */
export function postgresAccount(clusterDir: string): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  if (!Bun.which("setpriv")) {
    throw new UserError("PostgreSQL does not run as root: start as another user, or install setpriv (util-linux)");
  }
  const cluster = statSync(clusterDir, { throwIfNoEntry: false });
  if (cluster && cluster.uid !== 0) return { uid: cluster.uid, gid: cluster.gid };
  const account = findAccount({ name: "postgres" }) ?? findAccount({ name: "nobody" });
  if (account) return account;
  throw new UserError(
    "PostgreSQL does not run as root, and this machine has no account `postgres` or `nobody`: start as another user",
  );
}

/** The arguments for `setpriv` that change to an account. */
export function changeTo(account: Account | undefined): string[] {
  return account ? [`--reuid=${account.uid}`, `--regid=${account.gid}`, "--clear-groups"] : [];
}

/**
 * Whether an account may execute a file or enter a folder, tried out as that account: a check of permission bits would
 * miss access lists and mount options.
 * @throws UserError when root may not change to the account, as in a container without CAP_SETUID
 */
export async function canEnter(account: Account, path: string): Promise<boolean> {
  const child = Bun.spawn(["setpriv", ...changeTo(account), "--", "test", "-x", path], {
    cwd: "/",
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
  });
  const err = (await new Response(child.stderr).text()).trim();
  if (err)
    throw new UserError(`cannot run PostgreSQL as ${describeUser(account.uid)} (${err}): start as an ordinary user`);
  return (await child.exited) === 0;
}
