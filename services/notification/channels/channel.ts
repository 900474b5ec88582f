/** A notice, ready to be sent. `id` is the delivery's: the same notice sent again has the same id. */
export type Outbound = { id: string; to: string; subject: string; text: string; html: string };

/** A way to reach somebody. Another one is another file like `email.ts`, and a line in `main.ts`. */
export type Channel = {
  /**
   * Resolves when the other side has taken responsibility for the notice.
   * @throws Undeliverable when trying again cannot help; anything else is worth another try
   */
  send(notice: Outbound): Promise<void>;
  close(): Promise<void>;
};

export class Undeliverable extends Error {}
