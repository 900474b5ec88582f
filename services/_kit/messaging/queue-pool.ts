import { type JobsOptions, Queue } from "bullmq";
import type { Redis } from "ioredis";

const jobOptions: JobsOptions = {
  attempts: 12,
  backoff: { type: "exponential", delay: 250, jitter: 0.5 },
  // A copy that is published after its job has finished becomes another job; the consumer's inbox recognizes it. Keeping
  // finished jobs would take a fifth of Redis's work and leave payment tokens in it.
  removeOnComplete: true,
  // A job that failed for good is kept with its error: it is the dead letter. BullMQ applies these limits whenever a job
  // fails for good.
  removeOnFail: { age: 30 * 86_400, count: 10_000 },
};

export type QueuePool = {
  /** The BullMQ queue of that name. Call it only while connected: a queue that is created earlier stays unusable. */
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
      // The connection's own handler logs the error. Without a handler here BullMQ would print it.
      queue.on("error", () => {});
      queues.set(name, queue);
      // A queue whose first command to Redis failed never recovers, so the next call creates a new one.
      queue.waitUntilReady().catch(() => queues.delete(name));
      return queue;
    },
    async close() {
      await Promise.all([...queues.values()].map((queue) => queue.close().catch(() => {})));
    },
  };
}
