import type { Static } from "@sinclair/typebox";
import { Worker, type WorkerOptions } from "bullmq";
import { every } from "../async/every";
import { errorMessage } from "../errors/app-error";
import { bullConnection } from "../stores/redis";
import type { Log } from "../telemetry/log";
import type { Catalogue, Message } from "./envelope";
import { type Handler, jobProcessor } from "./job-processor";
import { measureQueueDepth } from "./queue-depth";

/** Which command handles which message: the table in a service's `consumers.ts`. */
export type Consumers<Deps, C extends Catalogue> = {
  [T in keyof C]?: Handler<Deps, Static<C[T]["data"]>>;
};

export type RunningConsumer = {
  /**
   * Takes no further jobs and waits up to 3 s for those under way. If a job has not finished by then, another worker
   * handles its message again.
   */
  close(): Promise<void>;
};

/**
 * Takes messages from the queue of this service and handles each with its entry in `consumers`. A worker that dies is
 * detected within 7.5 s (lock 5 s, check every 2.5 s); with BullMQ's defaults it would take a minute.
 */
export function startConsumer<Deps, C extends Catalogue>(o: {
  queue: string;
  catalogue: C;
  consumers: Consumers<Deps, C>;
  deps: Deps;
  redisUrl: string;
  /** Messages handled at the same time. */
  concurrency: number;
  log: Log;
  closeLimitMs?: number;
  measureEveryMs?: number;
}): RunningConsumer {
  let closing: Promise<void> | undefined;
  const handlers = o.consumers as Record<string, Handler<Deps, unknown> | undefined>;
  const worker = new Worker<Message>(
    o.queue,
    jobProcessor({ ...o, handlers }),
    workerOptions(o, () => closing !== undefined),
  );
  worker.on("error", (error) => o.log.warn({ error: errorMessage(error), queue: o.queue }, "consumer error"));
  const stopMeasuring = every(o.measureEveryMs ?? 5_000, () => measureQueueDepth(worker, o.queue), o.log, "at once");

  async function close(): Promise<void> {
    // Not awaited: without Redis a measurement under way ends only when the worker's connection is closed.
    void stopMeasuring();
    const closed = worker.close().then(() => true);
    const timedOut = Bun.sleep(o.closeLimitMs ?? 3_000).then(() => false);
    if (!(await Promise.race([closed, timedOut]))) o.log.warn({ queue: o.queue }, "consumer did not close in time");
  }

  return {
    close() {
      closing ??= close();
      return closing;
    },
  };
}

const workerOptions = (o: { redisUrl: string; concurrency: number }, isClosing: () => boolean): WorkerOptions => ({
  connection: {
    ...bullConnection(o.redisUrl),
    maxRetriesPerRequest: null,
    enableAutoPipelining: true,
    // BullMQ's own strategy waits up to 20 s between two attempts, and goes on while a worker is being closed.
    retryStrategy: (attempt) => (isClosing() ? null : Math.min(50 * 2 ** attempt, 1_000)),
    // A Redis that hangs counts as unavailable. The limit must be longer than an idle worker waits for its next job.
    socketTimeout: 15_000,
  },
  concurrency: o.concurrency,
  lockDuration: 5_000,
  stalledInterval: 2_500,
  // A worker that is killed uses up none of the message's attempts, because the message is not at fault.
  maxStalledCount: 1_000,
});
