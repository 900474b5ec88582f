import { AppError } from "@shop/kit/errors";
import type { Deps } from "../deps";
import { type Account, tidyEmail, tidyName, userNotFound } from "../domain/account";

export type UpdateProfile = {
  userId: string;
  name?: string;
  email?: string;
  password?: string;
  currentPassword?: string;
};

/** Changing how one logs in asks for the password one has. @throws AppError `user.current_password_wrong` (403), `auth.email_taken` (409) */
export async function updateProfile(deps: Deps, command: UpdateProfile): Promise<Account> {
  const { userId, password } = command;
  if (password !== undefined || command.email !== undefined)
    await confirmPassword(deps, userId, command.currentPassword);
  await deps.users.change(userId, {
    ...(command.name !== undefined && { name: tidyName(command.name) }),
    ...(command.email !== undefined && { email: tidyEmail(command.email) }),
    ...(password !== undefined && { passwordHash: await deps.passwords.hash(password) }),
  });
  const account = await deps.users.byId(userId);
  if (!account) throw userNotFound();
  return account;
}

async function confirmPassword(deps: Deps, userId: string, password: string | undefined): Promise<void> {
  const hash = await deps.users.passwordHashOf(userId);
  if (password !== undefined && (await deps.passwords.verify(password, hash))) return;
  throw new AppError("user.current_password_wrong", {
    kind: "forbidden",
    public: "To change the e-mail address or the password, send the current password as well.",
  });
}
