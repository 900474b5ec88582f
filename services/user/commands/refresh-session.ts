import type { Deps } from "../deps";
import { hashOf, newRefreshToken, refreshInvalid, refreshReused } from "../domain/session";
import { buildSession, type Session } from "./open-session";

/**
 * Each refresh token works once. A reused token indicates theft, so its whole session ends.
 * @throws AppError `auth.refresh_invalid`, `auth.refresh_reused` (401)
 */
export async function refreshSession(deps: Deps, command: { refreshToken: string }): Promise<Session> {
  const next = newRefreshToken();
  const rotation = await deps.sessions.rotate(hashOf(command.refreshToken), next.hash);
  if (rotation === "reused") throw refreshReused();
  const account = rotation === "invalid" ? undefined : await deps.users.find(rotation.userId);
  if (!account) throw refreshInvalid();
  return buildSession(deps, account, next.token);
}
