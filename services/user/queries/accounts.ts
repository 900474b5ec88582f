import { hasPermission, type User } from "@shop/kit/auth/access";
import type { Deps } from "../deps";
import { type Account, userNotFound } from "../domain/account";

/** @throws AppError `user.not_found` (404) */
export async function getAccount(deps: Deps, userId: string): Promise<Account> {
  const account = await deps.users.find(userId);
  if (!account) throw userNotFound();
  return account;
}

/**
 * Without the permission `users:read`, another user's account is reported as missing.
 * @throws AppError `user.not_found` (404)
 */
export async function getVisibleAccount(deps: Deps, viewer: User, userId: string): Promise<Account> {
  if (userId.toLowerCase() !== viewer.id && !hasPermission(viewer, "users:read")) throw userNotFound();
  return getAccount(deps, userId);
}
