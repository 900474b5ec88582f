import type { Deps } from "../deps";
import { type Account, userNotFound } from "../domain/account";
import { accountOf } from "../queries/accounts";

export type RoleChange = { userId: string; role: string; by: string };

/** In force at the user's next access token, within 15 minutes. */
export async function grantRole(deps: Deps, { userId, role, by }: RoleChange): Promise<Account> {
  if (!(await deps.users.grant(userId, role))) throw userNotFound();
  deps.log.info({ userId, role, by }, "role granted");
  return accountOf(deps, userId);
}
