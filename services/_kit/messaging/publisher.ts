import { type JobsOptions, Queue } from "bullmq";
import { Redis } from "ioredis";
import { errorMessage } from "../errors/app-error";
import { bullConnection } from "../stores/redis";
import type { Log } from "../telemetry/log";
import type { Catalogue, Message } from "./envelope";
import { type QueueSnapshot, snapshotQueues } from "./queue-snapshot";

export type Outgoing = {
  message: Message /** Differs from the message's id only for a message sent again on purpose. */;
  jobId: string;
};

/** Puts messages into the queues of their consumers. */
export type Publisher = {
  /**
   * Resolves when every message is in Redis. Calls made at the same time share round trips; messages of one subject keep
   * their order.
   * @throws when Redis is away; the outbox still has the messages
   */
  publish(outgoing: Outgoing[]): Promise<void>;
  /** Whether Redis can be reached right now. */
  connected(): boolean;
  /** What is in the queues at this moment. @throws when Redis is away */
  snapshot(): Promise<QueueSnapshot>;
  close(): Promise<void>;
};

const jobOptions: JobsOptions = {
  attempts: 12,
  backoff: { type: "exponential", delay: 250, jitter: 0.5 },
  // A second publish after that is another job, which the consumer's inbox knows. To keep finished jobs costs a fifth of
  // Redis' work, and payment tokens would rest in them.
  removeOnComplete: true,
  // A job that failed for good is the dead letter, with its error. Looked at whenever one is added to its queue.
  removeOnFail: { age: 30 * 86_400, count: 10_000 },
};

/** No queue's name. */
const waits = "\n";

type Waiting = Outgoing & { done: () => void; failed: (error: unknown) => void };

export function createPublisher(o: { redisUrl: string; catalogue: Catalogue; log: Log }): Publisher {
  // One connection for all queues; without Redis a publish fails at once instead of piling up in memory.
  const connection = new Redis({
    ...bullConnection(o.redisUrl),
    enableOfflineQueue: false,
    enableAutoPipelining: true,
    maxRetriesPerRequest: 1,
    // A Redis that hangs, or is cut off without a word, is one that is away.
    socketTimeout: 3_000,
    retryStrategy: (attempt) => Math.min(50 * 2 ** attempt, 1_000),
  });
  connection.on("error", (error) => o.log.warn({ error: errorMessage(error) }, "redis"));
  const targets = [...new Set(Object.values(o.catalogue).flatMap(({ to }) => to))];
  let closed = false;
  const connected = () => !closed && connection.status === "ready";
  const queues = new Map<string, Queue>();
  const queueOf = (name: string) => {
    const existing = queues.get(name);
    if (existing) return existing;
    const queue = new Queue(name, { connection, defaultJobOptions: jobOptions, skipWaitingForReady: true });
    queue.on("error", () => {}); // the connection's own handler has told it
    queues.set(name, queue);
    // A queue whose first look at Redis failed never gets well: the next publish makes a new one.
    queue.waitUntilReady().catch(() => queues.delete(name));
    return queue;
  };

  let waiting: Waiting[] = [];
  let flushing: Promise<void> | undefined;

  /** One round trip a queue for all that waits. A subject's next message for another queue waits for the next round. */
  async function flush(): Promise<void> {
    while (waiting.length > 0) {
      const batch: Waiting[] = [];
      const later: Waiting[] = [];
      const taken = new Map<string, string>();
      for (const item of waiting) {
        const { subject, type } = item.message;
        const target = o.catalogue[type]?.to.join() ?? "";
        const before = taken.get(subject) ?? target;
        if (batch.length < 500 && before === target) batch.push(item);
        else later.push(item);
        // Once one of its messages has to wait, so do all that follow.
        taken.set(subject, before === target ? target : waits);
      }
      waiting = later;
      await send(batch);
    }
    // Here and not a turn later: what is published from now on needs a flush of its own.
    flushing = undefined;
  }

  /** What was under way when the connection broke counts as failed. ioredis keeps it until Redis is back, however long. */
  function unlessLost<T>(work: Promise<T>): Promise<T> {
    const lost = Promise.withResolvers<never>();
    const onClose = () => lost.reject(new Error("the connection to Redis broke"));
    connection.once("close", onClose);
    return Promise.race([work, lost.promise]).finally(() => connection.off("close", onClose));
  }

  async function send(batch: Waiting[]): Promise<void> {
    const jobs = new Map<string, { name: string; data: Message; opts: JobsOptions }[]>();
    for (const { message, jobId } of batch)
      for (const queue of o.catalogue[message.type]?.to ?? []) {
        const list = jobs.get(queue) ?? [];
        list.push({ name: message.type, data: message, opts: { jobId } });
        jobs.set(queue, list);
      }
    try {
      // A queue made on a connection that is not up yet never gets well.
      if (!connected()) throw new Error("Redis cannot be reached");
      await unlessLost(Promise.all([...jobs].map(([queue, list]) => queueOf(queue).addBulk(list))));
      for (const item of batch) item.done();
    } catch (error) {
      // With those that wait: sent after all, they might overtake what has failed.
      for (const item of [...batch, ...waiting]) item.failed(error);
      waiting = [];
    }
  }

  return {
    publish(outgoing) {
      const all = outgoing.map((item) => new Promise<void>((done, failed) => waiting.push({ ...item, done, failed })));
      // Started in the next turn, so that what is published in this one goes along.
      flushing ??= Promise.resolve().then(flush);
      return Promise.all(all).then(() => {});
    },
    connected,
    snapshot: () => unlessLost(snapshotQueues(connection, targets)),
    async close() {
      await flushing;
      closed = true;
      await Promise.all([...queues.values()].map((queue) => queue.close().catch(() => {})));
      connection.disconnect();
    },
  };
}
