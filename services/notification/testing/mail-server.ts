import { SMTPServer } from "smtp-server";

export type Mail = { to: string[]; raw: string; messageId: string };
type Refusal = { code: number; text: string };

/**
 * A real SMTP server that keeps the mails it receives.
 * @param port a free port by default
 */
export async function testMailServer(port = 0) {
  const mails: Mail[] = [];
  let refusal: Refusal | undefined;
  let held: Promise<void> | undefined;

  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ["STARTTLS"],
    onRcptTo: (_address, _session, done) =>
      done(refusal && Object.assign(new Error(refusal.text), { responseCode: refusal.code })),
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", async () => {
        await held;
        const raw = Buffer.concat(chunks).toString();
        const to = session.envelope.rcptTo.map((recipient) => recipient.address);
        mails.push({ to, raw, messageId: /^Message-ID: (.*)$/im.exec(raw)?.[1] ?? "" });
        done();
      });
    },
  });
  server.on("error", () => {}); // Tests close connections abruptly.
  await new Promise<void>((listening) => server.listen(port, "127.0.0.1", listening));
  const address = server.server.address() as { port: number };

  return {
    url: `smtp://127.0.0.1:${address.port}`,
    port: address.port,
    mails,
    mailsTo: (recipient: string) => mails.filter((mail) => mail.to.includes(recipient)),
    /** Refuses all recipients from now on; undefined accepts them again. */
    refuse(next: Refusal | undefined) {
      refusal = next;
    },
    /** Receives mails but acknowledges them only after the returned function is called. */
    hold(): () => void {
      const { promise, resolve } = Promise.withResolvers<void>();
      held = promise;
      return resolve;
    },
    close: () => new Promise<void>((closed) => server.close(() => closed())),
  };
}

export type TestMailServer = Awaited<ReturnType<typeof testMailServer>>;
