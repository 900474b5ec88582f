import type { Deps } from "../deps";
import { invalidCredentials } from "../domain/account";
import { openSession, type Session } from "./open-session";

export type LogIn = { email: string; password: string; clientAddress: string };

/**
 * An unknown account fails with the same error and in the same time as a wrong password.
 * @throws AppError `auth.invalid_credentials` (401), `auth.throttled` (429), `auth.busy` (503)
 */
export async function logIn(deps: Deps, { email, password, clientAddress }: LogIn): Promise<Session> {
  await deps.throttle.check(email, clientAddress);
  const credentials = await deps.credentials.find(email);
  const matches = await deps.passwords.verify(password, credentials?.passwordHash, () =>
    deps.throttle.countAttempt(email, clientAddress),
  );
  const account = matches && credentials ? await deps.users.find(credentials.userId) : undefined;
  if (!account || !credentials) throw invalidCredentials();
  await deps.throttle.recordSuccess(email, clientAddress);
  return openSession(deps, account, credentials.passwordHash);
}
