import { simpleParser } from "mailparser";
import { newId } from "../ids";

export type Mail = {
  id: string;
  from: string;
  to: readonly string[];
  receivedAt: string;
  raw: Buffer;
  parsed: Promise<ParsedMail> | undefined;
};

type ParsedMail = { subject: string; text: string; html: string | undefined };

const mailsMax = 10_000;
const bytesMax = 64 * 1024 * 1024;

/** The received mails, oldest first, limited by number and total size. A mail is parsed when it is first read. */
export function createInbox(now: () => number) {
  let mails: Mail[] = [];
  let bytes = 0;

  return {
    add(from: string, to: readonly string[], raw: Buffer): void {
      const receivedAt = new Date(now()).toISOString();
      mails.push({ id: newId("mail"), from, to, receivedAt, raw, parsed: undefined });
      bytes += raw.length;
      while (mails.length > mailsMax || bytes > bytesMax) bytes -= mails.shift()!.raw.length;
    },

    /** Newest first. `to` matches a full address and `subject` a part of the subject. Both ignore case. */
    async find(filter: { to?: string; subject?: string; limit?: number }): Promise<Mail[]> {
      const to = filter.to?.toLowerCase();
      const subject = filter.subject?.toLowerCase();
      const limit = filter.limit ?? 100;
      const found: Mail[] = [];
      const snapshot = mails;
      for (let index = snapshot.length - 1; index >= 0 && found.length < limit; index -= 1) {
        const mail = snapshot[index]!;
        if (to !== undefined && !mail.to.some((address) => address.toLowerCase() === to)) continue;
        if (subject !== undefined && !(await readMail(mail)).subject.toLowerCase().includes(subject)) continue;
        found.push(mail);
      }
      return found;
    },

    get: (id: string): Mail | undefined => mails.find((mail) => mail.id === id),
    count: () => mails.length,
    clear(): void {
      mails = [];
      bytes = 0;
    },
  };
}

export type Inbox = ReturnType<typeof createInbox>;

export function readMail(mail: Mail): Promise<ParsedMail> {
  mail.parsed ??= simpleParser(mail.raw, { skipImageLinks: true }).then((parsed) => ({
    subject: parsed.subject ?? "(no subject)",
    text: parsed.text ?? "",
    html: parsed.html || undefined,
  }));
  return mail.parsed;
}
