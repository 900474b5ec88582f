import { errorMessage } from "@shop/kit/errors/app-error";
import { createTransport } from "nodemailer";
import MailComposer from "nodemailer/lib/mail-composer";
import { type Channel, type OutboundNotification, Undeliverable } from "./channel";

/**
 * Sends mail over SMTP on a pool of connections. Each step of the protocol has a time limit, so that an attempt fails
 * soon if the server does not respond.
 */
export function emailChannel(o: { smtpUrl: string; from: string; connections: number; timeoutMs?: number }): Channel {
  const timeoutMs = o.timeoutMs ?? 8_000;
  const transport = createTransport({
    url: o.smtpUrl,
    pool: true,
    maxConnections: o.connections,
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const domain = /@([^>\s]+)/.exec(o.from)?.[1];

  return {
    async send({ id, to, subject, text, html }: OutboundNotification) {
      try {
        const mail = new MailComposer({
          from: o.from,
          // An object is always one address. A string that contains a comma would be parsed as two addresses.
          to: { name: "", address: to },
          subject,
          text,
          html,
          // Set explicitly, so that nodemailer does not scan every part for the best encoding.
          textEncoding: "quoted-printable",
          // The same for every attempt, so that mail servers and clients can detect a second copy.
          messageId: `<${id}@${domain}>`,
          headers: { "Auto-Submitted": "auto-generated" },
          disableFileAccess: true,
          disableUrlAccess: true,
        }).compile();
        // Built in memory first: a streamed mail would cause one write to the connection for each of its parts.
        await transport.sendMail({ envelope: mail.getEnvelope() as never, raw: await mail.build() });
      } catch (error) {
        throw isPermanent(error) ? new Undeliverable(errorMessage(error), { cause: error }) : error;
      }
    },
    async close() {
      transport.close();
    },
  };
}

type SmtpError = Error & { code?: string; command?: string; responseCode?: number };

/**
 * Whether the server refused this recipient or this mail for good. A refused login or sender is an error in the
 * configuration of this service, so the delivery is retried.
 */
function isPermanent(error: unknown): boolean {
  const { code, command, responseCode } = error as SmtpError;
  if (code === "EENVELOPE") return command !== "MAIL FROM" && (responseCode === undefined || responseCode >= 500);
  return code === "EMESSAGE" && responseCode !== undefined && responseCode >= 500;
}
