import type { Deps } from "../deps";
import { type Account, userNotFound } from "../domain/account";
import { getAccount } from "../queries/accounts";

export type RoleChange = { userId: string; role: string; by: string };

/**
 * Takes effect with the user's next access token, within 15 minutes.
 * @throws AppError `user.not_found` (404)
 */
export async function grantRole(deps: Deps, { userId, role, by }: RoleChange): Promise<Account> {
  if (!(await deps.roles.grant(userId, role))) throw userNotFound();
  deps.log.info({ userId, role, by }, "role granted");
  return getAccount(deps, userId);
}
