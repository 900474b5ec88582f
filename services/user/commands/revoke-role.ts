import type { Deps } from "../deps";
import type { Account } from "../domain/account";
import { getAccount } from "../queries/accounts";
import type { RoleChange } from "./grant-role";

/**
 * Takes effect with the user's next access token, within 15 minutes.
 * @throws AppError `user.not_found` (404), `user.last_admin` (409)
 */
export async function revokeRole(deps: Deps, { userId, role, by }: RoleChange): Promise<Account> {
  await deps.roles.revoke(userId, role);
  const account = await getAccount(deps, userId);
  deps.log.info({ userId, role, by }, "role revoked");
  return account;
}
