import { AppError } from "@shop/kit/errors/app-error";
import type { Deps } from "../deps";
import { type Account, sameEmail, tidyEmail, tidyName } from "../domain/account";
import { accountOf } from "../queries/accounts";

export type UpdateProfile = {
  userId: string;
  address: string;
  name?: string;
  email?: string;
  password?: string;
  currentPassword?: string;
};

/** Changing how one logs in asks for the password one has. @throws AppError `user.current_password_wrong` (403), `auth.email_taken` (409), `auth.throttled` (429) */
export async function updateProfile(deps: Deps, command: UpdateProfile): Promise<Account> {
  const { userId, name, email, password } = command;
  const account = await accountOf(deps, userId);
  // A client that sends the whole profile back, e-mail address included, changes nothing about it.
  const moves = email !== undefined && sameEmail(email) !== sameEmail(account.email);
  const confirmed = password !== undefined || moves ? await confirmPassword(deps, account, command) : undefined;
  const changed = await deps.users.change(userId, confirmed, {
    ...(name !== undefined && { name: tidyName(name) }),
    ...(email !== undefined && { email: tidyEmail(email) }),
    ...(password !== undefined && { passwordHash: await deps.passwords.hash(password) }),
  });
  // Somebody else changed the password after it was confirmed.
  if (!changed && confirmed) throw wrongPassword();
  return accountOf(deps, userId);
}

/** Throttled like a login: whoever holds a stolen access token must not guess the password here. @returns the hash it was checked against */
async function confirmPassword(deps: Deps, { id, email }: Account, command: UpdateProfile): Promise<string> {
  const { currentPassword, address } = command;
  if (currentPassword !== undefined) {
    await deps.throttle.check(email, address);
    const hash = await deps.users.passwordHashOf(id);
    const right = await deps.passwords.verify(currentPassword, hash, () => deps.throttle.count(email, address));
    if (right && hash) {
      await deps.throttle.succeeded(email, address);
      return hash;
    }
  }
  throw wrongPassword();
}

const wrongPassword = () =>
  new AppError("user.current_password_wrong", {
    kind: "forbidden",
    public: "To change the e-mail address or the password, send the current password as well.",
  });
