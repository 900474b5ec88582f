import type { Deps } from "../deps";
import { verificationInvalid } from "../domain/verification";

/**
 * Marks the address as verified: only a reader of its mail can have the token. Repeating the request changes nothing.
 * @throws AppError `auth.verification_expired`, `auth.verification_invalid` (422)
 */
export async function verifyEmail(deps: Deps, command: { token: string }): Promise<void> {
  const { userId, isFor } = await deps.verification.read(command.token);
  const account = await deps.users.find(userId);
  if (!account || !isFor(account.email)) throw verificationInvalid();
  // The address may have changed since it was read.
  if (!(await deps.users.markVerified(userId, account.email))) throw verificationInvalid();
  deps.log.info({ userId }, "e-mail address verified");
}
