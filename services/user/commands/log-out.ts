import type { Deps } from "../deps";
import { hashOf } from "../domain/session";

/** Ends the session of a refresh token. An unknown token is ignored. */
export const logOut = (deps: Deps, command: { refreshToken: string }): Promise<void> =>
  deps.sessions.end(hashOf(command.refreshToken));
