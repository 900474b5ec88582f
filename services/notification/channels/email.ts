import { errorMessage } from "@shop/kit/errors/app-error";
import { createTransport } from "nodemailer";
import MailComposer from "nodemailer/lib/mail-composer";
import { type Channel, type Outbound, Undeliverable } from "./channel";

/**
 * Mail over SMTP, on connections that stay open. Every step has a time limit, so that a server that hangs gives the
 * delivery back well before its lease ends.
 */
export function email(o: { smtpUrl: string; from: string; connections: number; timeoutMs?: number }): Channel {
  const timeout = o.timeoutMs ?? 8_000;
  const transport = createTransport({
    url: o.smtpUrl,
    pool: true,
    maxConnections: o.connections,
    connectionTimeout: timeout,
    greetingTimeout: timeout,
    socketTimeout: timeout,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const domain = /@([^>\s]+)/.exec(o.from)?.[1];

  return {
    async send({ id, to, subject, text, html }: Outbound) {
      try {
        const mail = new MailComposer({
          from: o.from,
          // As an object it is one address, whatever signs are in it.
          to: { name: "", address: to },
          subject,
          text,
          html,
          // Both parts have letters beyond ASCII sooner or later: not looked through for what would suit them best.
          textEncoding: "quoted-printable",
          // The same for every attempt, so that a mail server or reader can tell a second copy.
          messageId: `<${id}@${domain}>`,
          headers: { "Auto-Submitted": "auto-generated" },
          disableFileAccess: true,
          disableUrlAccess: true,
        }).compile();
        // As one piece: sent as it is made, each part of it would be a write of its own to the connection.
        await transport.sendMail({ envelope: mail.getEnvelope() as never, raw: await mail.build() });
      } catch (error) {
        throw isFinal(error) ? new Undeliverable(errorMessage(error), { cause: error }) : error;
      }
    },
    async close() {
      transport.close();
    },
  };
}

type SmtpError = Error & { code?: string; command?: string; responseCode?: number };

/** The server refused this recipient or this mail for good. A refused login or sender is our own fault, and will be mended. */
function isFinal(error: unknown): boolean {
  const { code, command, responseCode } = error as SmtpError;
  if (code === "EENVELOPE") return command !== "MAIL FROM" && (responseCode === undefined || responseCode >= 500);
  return code === "EMESSAGE" && responseCode !== undefined && responseCode >= 500;
}
