import { type JobsOptions, Queue } from "bullmq";
import type { Redis } from "ioredis";

const jobOptions: JobsOptions = {
  attempts: 12,
  backoff: { type: "exponential", delay: 250, jitter: 0.5 },
  // A copy that is published later becomes another job; the consumer's inbox recognises it. Keeping finished jobs would
  // cost Redis a fifth of its work and leave payment tokens in it.
  removeOnComplete: true,
  // A job that failed for good is the dead letter, with its error. BullMQ applies these limits when one is added.
  removeOnFail: { age: 30 * 86_400, count: 10_000 },
};

export type QueuePool = {
  /** The BullMQ queue of that name. Call it only while connected: a queue created before never recovers. */
  get(name: string): Queue;
  close(): Promise<void>;
};

/** The queues a publisher sends to, created on first use, all on one connection. */
export function queuePool(connection: Redis): QueuePool {
  const queues = new Map<string, Queue>();
  return {
    get(name) {
      const existing = queues.get(name);
      if (existing) return existing;
      const queue = new Queue(name, { connection, defaultJobOptions: jobOptions, skipWaitingForReady: true });
      // The handler of the connection logs the error.
      queue.on("error", () => {});
      queues.set(name, queue);
      // A queue whose first command to Redis failed never recovers: the next publish creates a new one.
      queue.waitUntilReady().catch(() => queues.delete(name));
      return queue;
    },
    async close() {
      await Promise.all([...queues.values()].map((queue) => queue.close().catch(() => {})));
    },
  };
}
