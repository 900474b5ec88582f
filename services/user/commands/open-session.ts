import type { Deps } from "../deps";
import type { Account } from "../domain/account";
import { accessLifetimeSeconds, newRefreshToken } from "../domain/session";

export type Tokens = { token: string; tokenType: "Bearer"; expiresIn: number; refreshToken: string };
export type Session = Tokens & { user: Account };

export async function openSession(deps: Deps, account: Account): Promise<Session> {
  const refresh = newRefreshToken();
  await deps.sessions.open(account.id, refresh.hash);
  return sessionWith(deps, account, refresh.token);
}

export const sessionWith = async (deps: Deps, user: Account, refreshToken: string): Promise<Session> => ({
  user,
  token: await deps.signAccess(user),
  tokenType: "Bearer",
  expiresIn: accessLifetimeSeconds,
  refreshToken,
});
