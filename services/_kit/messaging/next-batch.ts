import type { Message } from "./envelope";

/**
 * Splits the waiting messages into one batch to send now and the rest for later. Both keep their order.
 * A batch is sent to several queues at the same time. Therefore all its messages about one subject have the same target:
 * otherwise a later message could reach its queue before an earlier one reaches another queue. When one message about a
 * subject is left for later, all following messages about that subject are too.
 * @param targetOf the names of the queues that a message type is sent to, as one string
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
