/** A notification that is ready to be sent. `id` is the id of the delivery; it is the same for every attempt. */
export type OutboundNotification = { id: string; to: string; subject: string; text: string; html: string };

/** A way to reach a user. To add one, write a file like `email.ts` and register it in `main.ts`. */
export type Channel = {
  /**
   * Resolves when the receiving server has accepted the notification.
   * @throws Undeliverable if a retry cannot succeed; after any other error the delivery is retried
   */
  send(notification: OutboundNotification): Promise<void>;
  close(): Promise<void>;
};

/** The error of a channel when a retry cannot succeed. */
export class Undeliverable extends Error {}
