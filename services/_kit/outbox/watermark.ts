import { plusSeconds } from "../clock";
import type { QueueSnapshot } from "../messaging/queue-snapshot";

/**
 * The longest time between setting a message's time and finding the message in a queue snapshot, milliseconds. It covers
 * a slow publish and the difference between the clocks of two machines.
 */
const slackMs = 10_000;

/** The stored watermark is moved forward by at least this much. */
const intervalSeconds = 10;

/**
 * The time before which every message sent to a queue is handled, by queue.
 * @param oldest when each queue's oldest unfinished job was sent, from a snapshot
 * @param takenAt when the snapshot was taken, milliseconds since 1970
 */
export const toHandledBefore = (oldest: QueueSnapshot["oldest"], takenAt: number): ReadonlyMap<string, Date> =>
  new Map([...oldest].map(([queue, sentAt]) => [queue, new Date(Math.max(0, Math.min(takenAt, sentAt) - slackMs))]));

const earliest = (handledBefore: ReadonlyMap<string, Date>): Date =>
  new Date(Math.min(Date.now(), ...[...handledBefore.values()].map((at) => at.getTime())));

/**
 * Stores the watermark of the slowest queue, whenever it has moved on by ten seconds.
 * @returns a function that resolves with the watermark it stored, or undefined if it stored none
 */
export function watermarkWriter(
  write: (handledBefore: Date) => Promise<unknown>,
): (handledBefore: ReadonlyMap<string, Date>) => Promise<Date | undefined> {
  let stored = new Date(0);
  return async (handledBefore) => {
    const watermark = earliest(handledBefore);
    if (watermark < plusSeconds(stored, intervalSeconds)) return undefined;
    await write(watermark);
    stored = watermark;
    return watermark;
  };
}
