import type { Message } from "./envelope";

/**
 * Splits what waits into one batch to send now and the rest, both in their order. A batch is sent to several queues at
 * once, so it contains of each subject only messages with the same target: a message for another queue could otherwise
 * arrive there before an earlier message of its subject arrives in the first. Once one message of a subject is left for
 * later, so are all that follow.
 * @param targetOf the queues of a message type, as one string
 */
export function nextBatch<T extends { message: Message }>(
  waiting: readonly T[],
  targetOf: (type: string) => string,
  maxSize: number,
): { batch: T[]; later: T[] } {
  const batch: T[] = [];
  const later: T[] = [];
  const targets = new Map<string, string>();
  const postponed = new Set<string>();
  for (const item of waiting) {
    const { subject, type } = item.message;
    const target = targetOf(type);
    const fits = batch.length < maxSize && !postponed.has(subject) && (targets.get(subject) ?? target) === target;
    if (fits) {
      batch.push(item);
      targets.set(subject, target);
    } else {
      later.push(item);
      postponed.add(subject);
    }
  }
  return { batch, later };
}
