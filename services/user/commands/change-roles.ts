import type { Deps } from "../deps";
import { type Account, userNotFound } from "../domain/account";

type RoleChange = { userId: string; role: string; by: string };

/** In force at the user's next access token, within 15 minutes. */
export async function grantRole(deps: Deps, { userId, role, by }: RoleChange): Promise<Account> {
  if (!(await deps.users.grant(userId, role))) throw userNotFound();
  deps.log.info({ userId, role, by }, "role granted");
  return account(deps, userId);
}

/** @throws AppError `user.last_admin` (409) */
export async function revokeRole(deps: Deps, { userId, role, by }: RoleChange): Promise<Account> {
  await deps.users.revoke(userId, role);
  deps.log.info({ userId, role, by }, "role revoked");
  return account(deps, userId);
}

async function account(deps: Deps, userId: string): Promise<Account> {
  const found = await deps.users.byId(userId);
  if (!found) throw userNotFound();
  return found;
}
