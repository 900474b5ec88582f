import type { Mail } from "../../deploy/local/clients/sandbox-api";
import { eventually } from "./eventually";
import { sandbox } from "./stack";

/** Waits for a mail to this address with this subject, or with this text in its body. */
export const awaitMail = (to: string, expected: { subject: string } | { text: string }): Promise<Mail> =>
  eventually(async () => {
    const mails = await sandbox.listMails({ to });
    return mails.find((mail) =>
      "subject" in expected ? mail.subject === expected.subject : mail.text.includes(expected.text),
    );
  });

/** The token in the link of a mail that asks to verify the address. */
export const verificationTokenIn = ({ text }: Mail): string | undefined =>
  /\/verify-email#([\w-]+\.[\w-]+\.[\w-]+)/.exec(text)?.[1];
