import type { DataFor } from "@shop/contracts/messages";
import type { Message } from "@shop/kit/messaging/envelope";
import type { Deps } from "../deps";
import { notify } from "./notify";

/** Welcomes somebody and asks them to verify their address, in one mail: two at once would be one too many. */
export const welcomeUser = (deps: Deps, user: DataFor<"user.registered">, message: Message): Promise<void> =>
  askToVerify(deps, user.userId, "welcome", message);

/** Asks somebody to verify the address they have moved to. */
export const verifyNewEmail = (deps: Deps, user: DataFor<"user.email_changed">, message: Message): Promise<void> =>
  askToVerify(deps, user.userId, "verify-email", message);

/**
 * The token is asked for when the mail is made, so no queue and no outbox ever holds it. It proves one address, so the mail goes
 * to the one that it is for, should the message's have changed meanwhile.
 */
async function askToVerify(
  deps: Deps,
  userId: string,
  template: "welcome" | "verify-email",
  message: Message,
): Promise<void> {
  const verification = await deps.verificationOf(userId);
  const { email, name = "", token = "" } = verification ?? {};
  return notify(deps, message, { userId, email, template, data: { name, token } });
}
