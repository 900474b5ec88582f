import type { JobsOptions } from "bullmq";
import { Redis } from "ioredis";
import { errorMessage } from "../errors/app-error";
import { bullConnection } from "../stores/redis";
import type { Log } from "../telemetry/log";
import type { Catalogue, Message } from "./envelope";
import { nextBatch } from "./next-batch";
import { queuePool } from "./queue-pool";
import { type QueueSnapshot, snapshotQueues } from "./queue-snapshot";

export type Outgoing = {
  message: Message;
  /**
   * The message's id, or a new id to send the message again: the queue ignores a job if an unfinished job has the same
   * id.
   */
  jobId: string;
};

/** Puts messages into the queues of their consumers. */
export type Publisher = {
  /**
   * Resolves when every message is in Redis. Calls made at the same time share round trips. Messages of one subject
   * keep their order.
   * @throws when Redis is unavailable; then the outbox still has the messages
   */
  publish(outgoing: Outgoing[]): Promise<void>;
  /** Whether Redis can be reached right now. */
  connected(): boolean;
  /** What is in the queues at this moment. @throws when Redis is unavailable */
  snapshot(): Promise<QueueSnapshot>;
  close(): Promise<void>;
};

/** Messages sent in one round trip. */
const batchMax = 500;

type Waiting = Outgoing & { done: () => void; failed: (error: unknown) => void };

export function createPublisher(o: { redisUrl: string; catalogue: Catalogue; log: Log }): Publisher {
  const connection = connect(o.redisUrl, o.log);
  const queues = queuePool(connection);
  const queuesFor = (type: string): readonly string[] => o.catalogue[type]?.to ?? [];
  const allQueues = [...new Set(Object.values(o.catalogue).flatMap(({ to }) => to))];

  let closed = false;
  let waiting: Waiting[] = [];
  let flushing: Promise<void> | undefined;
  const connected = () => !closed && connection.status === "ready";

  /** Sends all waiting messages, one batch after the other. */
  async function flush(): Promise<void> {
    while (waiting.length > 0) {
      const { batch, later } = nextBatch(waiting, (type) => queuesFor(type).join(), batchMax);
      waiting = later;
      await send(batch);
    }
    // Nothing may be awaited between the check above and this line, so that the next publish starts a new flush.
    flushing = undefined;
  }

  /** One round trip for each queue. */
  async function send(batch: Waiting[]): Promise<void> {
    try {
      if (!connected()) throw new Error("Redis cannot be reached");
      const added = [...jobsByQueue(batch, queuesFor)].map(([queue, jobs]) => queues.get(queue).addBulk(jobs));
      await unlessDisconnected(connection, Promise.all(added));
      for (const item of batch) item.done();
    } catch (error) {
      // Waiting messages fail too: if they were sent now, they might overtake those that failed.
      for (const item of [...batch, ...waiting]) item.failed(error);
      waiting = [];
    }
  }

  return {
    publish(outgoing) {
      const all = outgoing.map((item) => new Promise<void>((done, failed) => waiting.push({ ...item, done, failed })));
      // The flush starts after the current synchronous code, so that all its calls of `publish` share the batch.
      flushing ??= Promise.resolve().then(flush);
      return Promise.all(all).then(() => {});
    },
    connected,
    snapshot: () => unlessDisconnected(connection, snapshotQueues(connection, allQueues)),
    async close() {
      await flushing;
      closed = true;
      await queues.close();
      connection.disconnect();
    },
  };
}

/** One connection for all queues. Without Redis a command fails at once instead of waiting in memory. */
function connect(redisUrl: string, log: Log): Redis {
  const connection = new Redis({
    ...bullConnection(redisUrl),
    enableOfflineQueue: false,
    enableAutoPipelining: true,
    maxRetriesPerRequest: 1,
    // A Redis that hangs, or whose connection was cut silently, counts as unavailable.
    socketTimeout: 3_000,
    retryStrategy: (attempt) => Math.min(50 * 2 ** attempt, 1_000),
  });
  connection.on("error", (error) => log.warn({ error: errorMessage(error) }, "redis connection error"));
  return connection;
}

/** Rejects when the connection closes before `work` is done. Otherwise ioredis would keep the commands until Redis is back. */
function unlessDisconnected<T>(connection: Redis, work: Promise<T>): Promise<T> {
  const lost = Promise.withResolvers<never>();
  const onClose = () => lost.reject(new Error("the connection to Redis was lost"));
  connection.once("close", onClose);
  return Promise.race([work, lost.promise]).finally(() => connection.off("close", onClose));
}

type Job = { name: string; data: Message; opts: JobsOptions };

/** The jobs of a batch by queue, in the order of the batch. */
function jobsByQueue(batch: Outgoing[], queuesFor: (type: string) => readonly string[]): Map<string, Job[]> {
  const jobs = new Map<string, Job[]>();
  for (const { message, jobId } of batch)
    for (const queue of queuesFor(message.type)) {
      const list = jobs.get(queue) ?? [];
      list.push({ name: message.type, data: message, opts: { jobId } });
      jobs.set(queue, list);
    }
  return jobs;
}
