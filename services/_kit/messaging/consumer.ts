import type { Static } from "@sinclair/typebox";
import { DelayedError, UnrecoverableError, Worker } from "bullmq";
import { every } from "../async/every";
import { AppError, errorMessage } from "../errors/app-error";
import { isStoreOutage } from "../errors/store-outage";
import { bullConnection } from "../stores/redis";
import type { Log } from "../telemetry/log";
import { messageDuration, queueDepth } from "../telemetry/metrics";
import { inSpan, SpanKind } from "../telemetry/tracing";
import { type Catalogue, type Message, messageValidator } from "./envelope";

/** Handles one message. A throw is a retry; what can never succeed is answered by a message, not by a throw. */
export type Handler<Deps, D> = (deps: Deps, data: D, message: Message) => Promise<unknown>;

/** Which message starts which command: the table of a service's `consumers.ts`. */
export type Consumers<Deps, C extends Catalogue> = {
  [T in keyof C]?: Handler<Deps, Static<C[T]["data"]>>;
};

export type RunningConsumer = {
  /** Stops taking jobs and waits for those under way, for 3 s at most: what is not done then is done again by another worker. */
  close(): Promise<void>;
};

/** What a handler needs is not there: no fault of the message, however often it happens. */
const isAway = (error: unknown): boolean =>
  isStoreOutage(error) || (error instanceof AppError && error.kind === "unavailable");

/** For how long a message waits for what is away, milliseconds. Once that is back, nothing waits longer than this. */
const awayMs = (starts: number): number => Math.min(10_000, 250 * 2 ** (starts - 1)) * (0.5 + Math.random() / 2);

/**
 * Takes messages from this service's queue.
 * A worker that dies is noticed within 7.5 s (lock 5 s, stalled check 2.5 s); BullMQ's defaults take a minute.
 */
export function startConsumer<Deps, C extends Catalogue>(o: {
  queue: string;
  catalogue: C;
  consumers: Consumers<Deps, C>;
  deps: Deps;
  redisUrl: string;
  concurrency: number;
  log: Log;
  closeLimitMs?: number;
  measureEveryMs?: number;
}): RunningConsumer {
  const check = messageValidator(o.catalogue);
  const handlers = o.consumers as Record<string, Handler<Deps, unknown> | undefined>;

  async function handle(message: Message): Promise<void> {
    const handler = Object.hasOwn(handlers, message.type) ? handlers[message.type] : undefined;
    const wrong = handler ? check(message) : `${o.queue} has no consumer for ${message.type}`;
    if (!handler || wrong) throw new UnrecoverableError(wrong);
    await handler(o.deps, message.data, message);
  }

  let closing: Promise<void> | undefined;
  const worker = new Worker<Message>(
    o.queue,
    (job, token) =>
      inSpan(
        `process ${job.name}`,
        { kind: SpanKind.CONSUMER, traceparent: job.data?.traceparent, root: true },
        async () => {
          const started = performance.now();
          let outcome = "ok";
          try {
            await handle(job.data ?? {});
          } catch (error) {
            const about = { type: job.name, subject: job.data?.subject, attempt: job.attemptsMade + 1 };
            if (!isAway(error)) {
              outcome = "failed";
              o.log.warn({ err: error, ...about }, "message failed");
              throw error;
            }
            outcome = "delayed";
            o.log.warn({ error: errorMessage(error), ...about }, "message delayed: what it needs is away");
            // Counts as no attempt.
            await job.moveToDelayed(Date.now() + awayMs(job.attemptsStarted), token);
            throw new DelayedError();
          } finally {
            const seconds = (performance.now() - started) / 1000;
            messageDuration.observe({ type: job.name, outcome }, seconds);
            o.log.debug(
              { type: job.name, subject: job.data?.subject, messageId: job.data?.id, ms: seconds * 1000 },
              "message",
            );
          }
        },
      ),
    {
      connection: {
        ...bullConnection(o.redisUrl),
        maxRetriesPerRequest: null,
        enableAutoPipelining: true,
        // BullMQ's own waits up to 20 s between two tries. Closing without Redis, it would wait for Redis to come back.
        retryStrategy: (attempt) => (closing ? null : Math.min(50 * 2 ** attempt, 1_000)),
        // A Redis that hangs is away. Longer than an idle worker waits for the next job.
        socketTimeout: 15_000,
      },
      concurrency: o.concurrency,
      lockDuration: 5_000,
      stalledInterval: 2_500,
      // Being killed is not the message's fault: it counts against none of its attempts.
      maxStalledCount: 1_000,
    },
  );

  /** One round trip now and then. Without Redis the figures stay as they were seen last. */
  async function measureDepth(): Promise<void> {
    const lists = ["wait", "prioritized", "active", "delayed", "failed"] as const;
    const counts = await worker.backend.getCounts([...lists]).catch(() => undefined);
    if (!counts) return;
    const [wait = 0, prioritized = 0, active = 0, delayed = 0, failed = 0] = counts;
    const depth = { waiting: wait + prioritized, active, delayed, failed };
    for (const [state, count] of Object.entries(depth)) queueDepth.set({ queue: o.queue, state }, count);
  }
  const stopMeasuring = every(o.measureEveryMs ?? 5_000, measureDepth, o.log, "at once");

  worker.on("error", (error) => o.log.warn({ error: errorMessage(error), queue: o.queue }, "consumer"));
  async function close(): Promise<void> {
    // Not waited for: without Redis it has no answer until the worker's connection is closed.
    void stopMeasuring();
    const closed = worker.close().then(() => true);
    const tooLong = Bun.sleep(o.closeLimitMs ?? 3_000).then(() => false);
    if (!(await Promise.race([closed, tooLong]))) o.log.warn({ queue: o.queue }, "consumer did not close in time");
  }
  return {
    close() {
      closing ??= close();
      return closing;
    },
  };
}
