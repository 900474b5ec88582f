import type { Deps, RoleChange } from "../deps";
import { type Account, userNotFound } from "../domain/account";
import { getAccount } from "../queries/accounts";

/**
 * Takes effect with the user's next access token, within 15 minutes.
 * @throws AppError `user.not_found` (404)
 */
export async function grantRole(deps: Deps, change: RoleChange): Promise<Account> {
  const outcome = await deps.roles.grant(change);
  if (outcome === "unknown user") throw userNotFound();
  if (outcome === "granted") deps.log.info(change, "role granted");
  return getAccount(deps, change.userId);
}
