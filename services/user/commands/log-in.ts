import type { Deps } from "../deps";
import { invalidCredentials } from "../domain/account";
import { openSession, type Session } from "./open-session";

export type LogIn = { email: string; password: string; address: string };

/** An unknown account fails as a wrong password does, in the same time. @throws AppError `auth.invalid_credentials` (401), `auth.throttled` (429) */
export async function logIn(deps: Deps, { email, password, address }: LogIn): Promise<Session> {
  await deps.throttle.check(email, address);
  const credentials = await deps.users.credentialsOf(email);
  const right = await deps.passwords.verify(password, credentials?.passwordHash, () =>
    deps.throttle.count(email, address),
  );
  const account = right && credentials ? await deps.users.byId(credentials.userId) : undefined;
  if (!account || !credentials) throw invalidCredentials();
  await deps.throttle.succeeded(email, address);
  return openSession(deps, account, credentials.passwordHash);
}
