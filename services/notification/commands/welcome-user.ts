import type { DataFor } from "@shop/contracts/messages";
import type { Message } from "@shop/kit/messaging/envelope";
import type { Deps } from "../deps";
import { notify } from "./notify";

/** Welcomes a new user and asks them, in the same mail, to verify their e-mail address. */
export const welcomeUser = (deps: Deps, user: DataFor<"user.registered">, message: Message): Promise<void> =>
  requestToVerify(deps, user.userId, "welcome", message);

/** Asks a user to verify their new e-mail address. */
export const verifyNewEmail = (deps: Deps, user: DataFor<"user.email_changed">, message: Message): Promise<void> =>
  requestToVerify(deps, user.userId, "verify-email", message);

/**
 * Requests the token when the mail is made, so that no queue and no outbox contains it. The token verifies the user's
 * current address, so the mail goes to that address, even if the message names an older one.
 */
async function requestToVerify(
  deps: Deps,
  userId: string,
  template: "welcome" | "verify-email",
  message: Message,
): Promise<void> {
  const verification = await deps.requestVerification(userId);
  const { email, name = "", token = "" } = verification ?? {};
  return notify(deps, message, { userId, email, template, data: { name, token } });
}
