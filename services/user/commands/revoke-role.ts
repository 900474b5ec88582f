import type { Deps, RoleChange } from "../deps";
import type { Account } from "../domain/account";
import { getAccount } from "../queries/accounts";

/**
 * Takes effect with the user's next access token, within 15 minutes.
 * @throws AppError `user.not_found` (404), `user.last_admin` (409)
 */
export async function revokeRole(deps: Deps, change: RoleChange): Promise<Account> {
  if (await deps.roles.revoke(change)) deps.log.info(change, "role revoked");
  return getAccount(deps, change.userId);
}
