import type { Deps } from "../deps";
import { hashOf } from "../domain/session";

/** Ends the session; an unknown token has none to end, and that is fine. */
export const logOut = (deps: Deps, command: { refreshToken: string }): Promise<void> =>
  deps.sessions.end(hashOf(command.refreshToken));
