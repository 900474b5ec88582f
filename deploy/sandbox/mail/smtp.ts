import type { AddressInfo } from "node:net";
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from "smtp-server";
import type { Faults } from "../faults";
import type { Inbox } from "./inbox";

type Done = (error?: Error | null, message?: string) => void;

const maxBytes = 10 * 1024 * 1024;

/** Takes every mail without asking who sends it. Resolves once it listens; `port` 0 takes a free one. */
export async function startSmtp(deps: { inbox: Inbox; faults: Faults; host: string; port: number }) {
  const server = new SMTPServer({
    name: "sandbox.shop.test",
    size: maxBytes,
    closeTimeout: 100, // milliseconds that stop() leaves open conversations
    authOptional: true,
    disabledCommands: ["AUTH", "STARTTLS"],
    disableReverseLookup: true,
    // A sender that dies in the middle of a mail has sent none; that must not end the sandbox.
    onData: (stream, session, done) => void receive(stream, session, done).catch(done),
  });

  async function receive(stream: SMTPServerDataStream, session: SMTPServerSession, done: Done) {
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk as Buffer);
    if (stream.sizeExceeded) return done(Object.assign(new Error("message is too large"), { responseCode: 552 }));
    const { mailFrom, rcptTo } = session.envelope;
    const keep = () => {
      const to = rcptTo.map((recipient) => recipient.address);
      deps.inbox.add(mailFrom ? mailFrom.address : "", to, Buffer.concat(chunks));
    };
    const accept = () => {
      keep();
      done(null, "kept in the sandbox's inbox");
    };
    const fault = deps.faults.strike("smtp");
    if (!fault) accept();
    else if (fault.kind === "slow") setTimeout(accept, fault.delayMs);
    else if (fault.kind === "error_500" || fault.kind === "rate_limit") done(tryLater());
    else {
      if (fault.kind !== "hang") keep();
      if (fault.kind === "drop_answer_after_acting") closeConnection(session.id);
    }
  }

  /** Without a word, as when the network breaks after the mail was taken: the sender cannot know. */
  function closeConnection(sessionId: string): void {
    for (const connection of server.connections) {
      if (connection.id === sessionId) connection._socket.destroy();
    }
  }

  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(deps.port, deps.host, () => resolve());
  });
  server.on("error", (error) => console.error("smtp:", error.message)); // one bad conversation must not end the process
  return {
    port: (server.server.address() as AddressInfo).port,
    stop: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

const tryLater = () => Object.assign(new Error("try again later"), { responseCode: 451 });
