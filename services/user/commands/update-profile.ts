import { AppError } from "@shop/kit/errors/app-error";
import type { Deps } from "../deps";
import { type Account, canonicalEmail, trimEmail, trimName } from "../domain/account";
import { getAccount } from "../queries/accounts";

export type UpdateProfile = {
  userId: string;
  clientAddress: string;
  name?: string;
  email?: string;
  password?: string;
  currentPassword?: string;
};

/**
 * A new e-mail address or password requires the current password.
 * @throws AppError `user.current_password_wrong` (403), `user.not_found` (404), `auth.email_taken` (409),
 *   `user.name_empty` (422), `auth.throttled` (429), `auth.busy` (503)
 */
export async function updateProfile(deps: Deps, command: UpdateProfile): Promise<Account> {
  const { userId, name, email, password } = command;
  const account = await getAccount(deps, userId);
  // A client may send the whole profile back; an unchanged e-mail address needs no confirmation.
  const changesEmail = email !== undefined && canonicalEmail(email) !== canonicalEmail(account.email);
  const needsPassword = password !== undefined || changesEmail;
  const confirmedHash = needsPassword ? await confirmPassword(deps, account, command) : undefined;
  const changed = await deps.users.change(userId, confirmedHash, {
    ...(name !== undefined && { name: trimName(name) }),
    ...(email !== undefined && { email: trimEmail(email) }),
    ...(password !== undefined && { passwordHash: await deps.passwords.hash(password) }),
  });
  // A concurrent request changed the password after it was confirmed.
  if (!changed && confirmedHash) throw wrongPassword();
  return getAccount(deps, userId);
}

/**
 * Throttled like a login, so that the holder of a stolen access token cannot guess the password here.
 * @returns the hash that the password was checked against
 */
async function confirmPassword(deps: Deps, { id, email }: Account, command: UpdateProfile): Promise<string> {
  const { currentPassword, clientAddress } = command;
  if (currentPassword !== undefined) {
    await deps.throttle.check(email, clientAddress);
    const hash = await deps.credentials.findPasswordHash(id);
    const matches = await deps.passwords.verify(currentPassword, hash, () =>
      deps.throttle.countAttempt(email, clientAddress),
    );
    if (matches && hash) {
      await deps.throttle.recordSuccess(email, clientAddress);
      return hash;
    }
  }
  throw wrongPassword();
}

const wrongPassword = () =>
  new AppError("user.current_password_wrong", {
    kind: "forbidden",
    public: "Changing the e-mail address or the password requires the correct current password.",
  });
