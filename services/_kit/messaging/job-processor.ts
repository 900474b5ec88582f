import { DelayedError, type Job, UnrecoverableError } from "bullmq";
import { AppError, errorMessage } from "../errors/app-error";
import { isStoreOutage } from "../errors/store-outage";
import type { Log } from "../telemetry/log";
import { messageDuration } from "../telemetry/metrics";
import { inSpan, SpanKind, traceparent } from "../telemetry/tracing";
import { type Catalogue, type Message, messageValidator } from "./envelope";

/**
 * Handles one message. If it throws, the message is retried. To refuse a command for good, it sends a reply instead.
 */
export type Handler<Deps, D> = (deps: Deps, data: D, message: Message) => Promise<unknown>;

/** Whether a store or service that the handler needs is unavailable: the message is not at fault. */
const isOutage = (error: unknown): boolean =>
  isStoreOutage(error) || (error instanceof AppError && error.kind === "unavailable");

/** The delay before the next attempt during an outage, milliseconds: 125 to 250 at first, at most 10,000. */
const outageDelayMs = (starts: number): number => Math.min(10_000, 250 * 2 ** (starts - 1)) * (0.5 + Math.random() / 2);

/**
 * What a worker does with one job: it handles the message within the message's own trace, and measures the duration.
 * - A message without a handler or with invalid data becomes a dead letter at once.
 * - During an outage the message is delayed, which uses up none of its attempts.
 * - Any other failure uses up one attempt.
 */
export function jobProcessor<Deps>(o: {
  queue: string;
  catalogue: Catalogue;
  handlers: Record<string, Handler<Deps, unknown> | undefined>;
  deps: Deps;
  log: Log;
}): (job: Job<Message>, token?: string) => Promise<void> {
  const validate = messageValidator(o.catalogue);

  async function handle(message: Message): Promise<void> {
    const handler = Object.hasOwn(o.handlers, message.type) ? o.handlers[message.type] : undefined;
    const problem = handler ? validate(message) : `${o.queue} has no consumer for ${message.type}`;
    if (!handler || problem) throw new UnrecoverableError(problem);
    // What the message causes belongs to this span, also when it is written together with the effects of other messages.
    await handler(o.deps, message.data, { ...message, traceparent: traceparent() });
  }

  async function process(job: Job<Message>, token?: string): Promise<void> {
    const started = performance.now();
    let outcome = "ok";
    try {
      await handle(job.data ?? {});
    } catch (error) {
      const about = { type: job.name, subject: job.data?.subject, attempt: job.attemptsMade + 1 };
      if (!isOutage(error)) {
        outcome = "failed";
        o.log.warn({ err: error, ...about }, "message failed");
        throw error;
      }
      outcome = "delayed";
      o.log.warn({ error: errorMessage(error), ...about }, "message delayed: dependency unavailable");
      await job.moveToDelayed(Date.now() + outageDelayMs(job.attemptsStarted), token);
      throw new DelayedError();
    } finally {
      const seconds = (performance.now() - started) / 1000;
      messageDuration.observe({ type: job.name, outcome }, seconds);
      const about = { type: job.name, subject: job.data?.subject, messageId: job.data?.id };
      o.log.debug({ ...about, ms: seconds * 1000 }, "message processing finished");
    }
  }

  return (job, token) =>
    inSpan(`process ${job.name}`, { kind: SpanKind.CONSUMER, traceparent: job.data?.traceparent, root: true }, () =>
      process(job, token),
    );
}
