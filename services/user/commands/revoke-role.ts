import type { Deps } from "../deps";
import type { Account } from "../domain/account";
import { accountOf } from "../queries/accounts";
import type { RoleChange } from "./grant-role";

/** In force at the user's next access token, within 15 minutes. @throws AppError `user.last_admin` (409) */
export async function revokeRole(deps: Deps, { userId, role, by }: RoleChange): Promise<Account> {
  await deps.users.revoke(userId, role);
  const account = await accountOf(deps, userId);
  deps.log.info({ userId, role, by }, "role revoked");
  return account;
}
