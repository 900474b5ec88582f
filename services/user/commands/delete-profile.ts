import type { Deps } from "../deps";

export const deleteProfile = (deps: Deps, command: { userId: string }): Promise<void> =>
  deps.users.erase(command.userId);
