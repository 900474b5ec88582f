import type { Deps } from "../deps";
import { hashOf, newRefreshToken, refreshInvalid, refreshReused } from "../domain/session";
import { type Session, sessionWith } from "./open-session";

/** Every refresh token works once; one that comes again was stolen, or its thief was first, so the session ends. */
export async function refreshSession(deps: Deps, command: { refreshToken: string }): Promise<Session> {
  const next = newRefreshToken();
  const rotation = await deps.sessions.rotate(hashOf(command.refreshToken), next.hash);
  if (rotation === "reused") throw refreshReused();
  const account = rotation === "invalid" ? undefined : await deps.users.byId(rotation.userId);
  if (!account) throw refreshInvalid();
  return sessionWith(deps, account, next.token);
}
