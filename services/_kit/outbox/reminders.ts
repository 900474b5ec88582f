import { plusSeconds } from "../clock";

/** The pause between two visits of the sweep. It doubles with each retry, because each retry may leave a dead letter. */
const pauseMinSeconds = 10;
const pauseMaxSeconds = 600;

/** What the sweep knows about a document that is due. */
export type DueDocument = {
  /** The document has messages to publish. */
  hasUnsent: boolean;
  /** When the sweep must visit the document although nothing is unsent; undefined if it need not. */
  nextWakeAt: Date | undefined;
  /** Its saga has waited for a reply longer than it may. */
  isOverdue: boolean;
  /** The pending command, or its reply, may still be in a queue. */
  mayBeQueued: boolean;
  /** How often the pending command has been retried. */
  retries: number;
};

/** What the sweep does with a document, and when it visits the document next. */
export type Reminder =
  /** Publish what is unsent. The claim expires at `wakeAt`, in case that fails. */
  | { action: "publish"; wakeAt: Date }
  /** Nothing is due before `wakeAt`. */
  | { action: "postpone"; wakeAt: Date }
  /** The reply is due: wait on, resend the command, or give up. Adds `waitedSeconds` to the waiting time. */
  | { action: "wait" | "retry" | "give_up"; wakeAt: Date; waitedSeconds: number }
  /** Nothing to send and nothing to wait for: no further visit. */
  | { action: "rest" };

/**
 * Decides what the sweep does with a due document. A command that may still be queued is not sent again: that would
 * only make a long queue longer. The waiting time counts pauses, not the clock, so that time without a running sweep
 * does not make a saga overdue.
 */
export function decideReminder(doc: DueDocument, now: Date): Reminder {
  if (doc.hasUnsent) return { action: "publish", wakeAt: plusSeconds(now, pauseMinSeconds) };
  if (!doc.nextWakeAt) return { action: "rest" };
  if (doc.nextWakeAt > now) return { action: "postpone", wakeAt: doc.nextWakeAt };
  const action = doc.isOverdue ? "give_up" : doc.mayBeQueued ? "wait" : "retry";
  const waitedSeconds =
    action === "retry" ? Math.min(pauseMaxSeconds, pauseMinSeconds * 2 ** doc.retries) : pauseMinSeconds;
  return { action, wakeAt: plusSeconds(now, waitedSeconds), waitedSeconds };
}

/**
 * Whether a message sent at `sentAt`, or its reply, may still be in one of the queues.
 * @param handledBefore by queue: everything sent before this time is handled; a queue is missing if no snapshot has
 * shown it yet
 */
export const mayBeQueued = (
  sentAt: Date,
  queues: readonly string[],
  handledBefore: ReadonlyMap<string, Date>,
): boolean => queues.some((queue) => sentAt >= (handledBefore.get(queue) ?? new Date(0)));
