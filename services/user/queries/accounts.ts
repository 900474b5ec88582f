import { hasPermission, type User } from "@shop/kit/auth/access";
import type { Deps } from "../deps";
import { type Account, userNotFound } from "../domain/account";

export async function accountOf(deps: Deps, userId: string): Promise<Account> {
  const account = await deps.users.byId(userId);
  if (!account) throw userNotFound();
  return account;
}

/** Somebody else's account answers as one that does not exist. */
export async function accountFor(deps: Deps, user: User, userId: string): Promise<Account> {
  if (userId.toLowerCase() !== user.id && !hasPermission(user, "users:read")) throw userNotFound();
  return accountOf(deps, userId);
}
