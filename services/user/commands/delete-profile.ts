import type { Deps } from "../deps";

/** @throws AppError `user.last_admin` (409) */
export const deleteProfile = (deps: Deps, command: { userId: string }): Promise<void> =>
  deps.users.erase(command.userId);
