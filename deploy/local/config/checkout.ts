import { statSync } from "node:fs";
import { describeUser } from "../process/accounts";
import { UserError } from "../user-error";
import { repoRoot } from "./paths";

/** The error for a checkout that this user cannot write to. `code` is the system's: "EACCES", "EROFS". */
export function checkoutNotWritable(code: string | undefined): UserError {
  const user = describeUser(process.getuid?.() ?? 0);
  const owner = describeUser(statSync(repoRoot).uid);
  const reason = owner === user ? `it is read-only (${code})` : `it belongs to ${owner}`;
  return new UserError(`${user} cannot write to the checkout ${repoRoot}: ${reason}. Use a clone of your own`);
}
