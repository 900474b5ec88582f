import type { Deps } from "../deps";
import { type Account, invalidCredentials } from "../domain/account";
import { accessLifetimeSeconds, newRefreshToken } from "../domain/session";

export type Tokens = { token: string; tokenType: "Bearer"; expiresIn: number; refreshToken: string };
export type Session = Tokens & { user: Account };

/** @throws AppError `auth.invalid_credentials` (401) if the password was changed after it was checked */
export async function openSession(deps: Deps, account: Account, passwordHash: string): Promise<Session> {
  const refresh = newRefreshToken();
  const opened = await deps.sessions.open({ userId: account.id, passwordHash, tokenHash: refresh.hash });
  if (!opened) throw invalidCredentials();
  return buildSession(deps, account, refresh.token);
}

export const buildSession = async (deps: Deps, user: Account, refreshToken: string): Promise<Session> => ({
  user,
  token: await deps.signAccess(user),
  tokenType: "Bearer",
  expiresIn: accessLifetimeSeconds,
  refreshToken,
});
