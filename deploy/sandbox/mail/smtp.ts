import type { AddressInfo } from "node:net";
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from "smtp-server";
import type { Faults } from "../faults";
import type { Inbox } from "./inbox";

type Done = (error?: Error | null, message?: string) => void;

const mailBytesMax = 10 * 1024 * 1024;

/** Starts an SMTP server that accepts every mail without authentication. With `port` 0 the system chooses the port. */
export async function startSmtp(deps: { inbox: Inbox; faults: Faults; host: string; port: number }) {
  const server = new SMTPServer({
    name: "sandbox.shop.test",
    size: mailBytesMax,
    closeTimeout: 100, // milliseconds that open connections get to finish after stop()
    authOptional: true,
    disabledCommands: ["AUTH", "STARTTLS"],
    disableReverseLookup: true,
    // If the sender dies in the middle of a mail, the mail is discarded and the sandbox keeps running.
    onData: (stream, session, done) => void receive(stream, session, done).catch(done),
  });

  async function receive(stream: SMTPServerDataStream, session: SMTPServerSession, done: Done) {
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk as Buffer);
    if (stream.sizeExceeded) return done(Object.assign(new Error("message is too large"), { responseCode: 552 }));
    const { mailFrom, rcptTo } = session.envelope;
    const store = () => {
      const to = rcptTo.map((recipient) => recipient.address);
      deps.inbox.add(mailFrom ? mailFrom.address : "", to, Buffer.concat(chunks));
    };
    const accept = () => {
      store();
      done(null, "stored in the sandbox's inbox");
    };
    const fault = deps.faults.take("smtp");
    if (!fault) accept();
    else if (fault.kind === "slow") setTimeout(accept, fault.delayMs);
    else if (fault.kind === "error_500" || fault.kind === "rate_limit") done(temporaryError());
    else {
      if (fault.kind !== "hang") store();
      if (fault.kind === "drop_answer_after_acting") closeConnection(session.id);
    }
  }

  /** Closes a connection as a network failure would: the sender cannot know whether the mail was stored. */
  function closeConnection(sessionId: string): void {
    for (const connection of server.connections) {
      if (connection.id === sessionId) connection._socket.destroy();
    }
  }

  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(deps.port, deps.host, () => resolve());
  });
  server.on("error", (error) => console.error("smtp error:", error.message)); // an error in one connection must not end the process
  return {
    port: (server.server.address() as AddressInfo).port,
    stop: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

const temporaryError = () => Object.assign(new Error("try again later"), { responseCode: 451 });
