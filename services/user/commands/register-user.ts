import type { Deps } from "../deps";
import { trimEmail, trimName } from "../domain/account";
import { openSession, type Session } from "./open-session";

/** @throws AppError `auth.email_taken` (409), `auth.busy` (503), `user.name_empty` (422) */
export async function registerUser(
  deps: Deps,
  command: { email: string; password: string; name: string },
): Promise<Session> {
  const name = trimName(command.name);
  const passwordHash = await deps.passwords.hash(command.password);
  const account = await deps.users.register({
    id: Bun.randomUUIDv7(),
    email: trimEmail(command.email),
    name,
    passwordHash,
  });
  return openSession(deps, account, passwordHash);
}
