import { userInfo } from "node:os";
import { parseArgs } from "node:util";
import type { Sql } from "postgres";
import type { Account } from "../../../services/user/domain/account";
import { accountReads } from "../../../services/user/store/accounts";
import { listRoleChanges, roleStore } from "../../../services/user/store/roles";
import { UserError } from "../../local/user-error";
import { table } from "../table";

type Options = { by?: string; unverified?: boolean };

/**
 * `users show <email>`, `users grant-admin <email> [--by <name>] [--unverified]`, `users revoke-admin <email> [--by <name>]`.
 * @throws AppError `user.last_admin`
 */
export async function users(sql: Sql, args: string[]): Promise<string | undefined> {
  const { action, email, options } = parse(args);
  const run = actions[action];
  if (!run || !email) return undefined;
  const account = await accountReads(sql).findByEmail(email);
  if (!account) throw new UserError(`no account has the e-mail address ${email}`);
  return run(sql, account, options);
}

const actions: Record<string, (sql: Sql, account: Account, options: Options) => Promise<string>> = {
  show: showAccount,
  "grant-admin": grantAdmin,
  "revoke-admin": revokeAdmin,
};

async function grantAdmin(sql: Sql, { id, email, emailVerified, roles }: Account, options: Options): Promise<string> {
  const unchanged = `${email} is an administrator already`;
  if (roles.includes("admin")) return unchanged;
  if (!emailVerified && !options.unverified)
    throw new UserError(
      `${email} is not verified: the account may belong to somebody else. Verify the address, or add --unverified`,
    );
  const outcome = await roleStore(sql).grant({ userId: id, role: "admin", by: operator(options.by) });
  if (outcome === "unknown user") throw new UserError(`the account of ${email} was deleted`);
  return outcome === "granted" ? `${email} is an administrator from the next login or token refresh on` : unchanged;
}

async function revokeAdmin(sql: Sql, { id, email }: Account, options: Options): Promise<string> {
  const isRevoked = await roleStore(sql).revoke({ userId: id, role: "admin", by: operator(options.by) });
  if (!isRevoked) return `${email} is no administrator`;
  return `${email} is no administrator any more; an access token that was issued before is valid for up to 15 minutes`;
}

async function showAccount(sql: Sql, account: Account): Promise<string> {
  const changes = await listRoleChanges(sql, account.id);
  return [
    `${account.email}  ${account.emailVerified ? "verified" : "not verified"}  id ${account.id}`,
    `registered ${account.createdAt.toISOString()}  roles: ${account.roles.join(", ")}`,
    table(
      ["time", "change", "role", "by"],
      changes.map(({ at, change, role, actor }) => [at.toISOString(), change, role, actor]),
    ),
  ].join("\n");
}

/**
 * Who makes the change, for the record: the given name, or the user of the operating system.
 * @throws UserError if there is neither, as in a container
 */
function operator(by: string | undefined): string {
  const name = by ?? userInfo().username;
  if (by === undefined && name === "unknown") throw new UserError("say who you are, for the record: --by <name>");
  if (!/^[\p{L}\p{N}][\p{L}\p{N} ._@+-]{0,99}$/u.test(name)) throw new UserError("--by must be a name");
  return `ops:${name}`;
}

/** @throws UserError for an unknown option */
function parse(args: string[]): { action: string; email: string | undefined; options: Options } {
  try {
    const options = { by: { type: "string" }, unverified: { type: "boolean" } } as const;
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
    const [action = "", email, ...rest] = positionals;
    return { action, email: rest.length === 0 ? email : undefined, options: values };
  } catch (error) {
    throw new UserError((error as Error).message);
  }
}
