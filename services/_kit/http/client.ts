import {
  BrokenCircuitError,
  BulkheadRejectedError,
  bulkhead,
  ExponentialBackoff,
  type IPolicy,
  retry,
  wrap,
} from "cockatiel";
import type { ServiceTokens } from "../auth/service-tokens";
import { AppError } from "../errors/app-error";
import { clientDuration } from "../telemetry/metrics";
import { inSpan, SpanKind } from "../telemetry/tracing";
import { createInstances, serverFailures } from "./instances";
import { type OutgoingRequest, sendRequest } from "./request";

export type HttpClient = {
  /** GET. It is retried, because a read has no effect. */
  get<T>(path: string): Promise<T>;
  /** POST, sent once. */
  post<T>(path: string, body: unknown): Promise<T>;
};

/** How many calls may wait while `maxConcurrent` calls are running. Further calls fail at once. */
const queueLengthMax = 512;

/**
 * Calls one other service: bulkhead → retry with jitter (reads only) → circuit breaker → timeout, traced and measured.
 * Instances are called in turn; one with an open breaker is skipped, and a retry goes to the next.
 * A timeout aborts the request; whether the callee acted on it is then unknown.
 * @throws AppError with the callee's `code` for its 4xx; `<target>.refused` (500) if it refuses the service token;
 *   `<target>.unavailable` (503) if it is down or slow, all its breakers are open, or too many calls wait
 */
export function httpClient(o: {
  target: string;
  /** One URL, or the URLs of several instances separated by commas. */
  baseUrl: string;
  tokens: ServiceTokens;
  /** The limit for one attempt; 1,500 by default. */
  timeoutMs?: number;
  /** 128 by default. */
  maxConcurrent?: number;
}): HttpClient {
  const instances = createInstances({
    target: o.target,
    urls: o.baseUrl.split(","),
    timeoutMs: o.timeoutMs ?? 1_500,
  });
  const once = bulkhead(o.maxConcurrent ?? 128, queueLengthMax);
  const withRetries = wrap(
    once,
    retry(serverFailures, {
      maxAttempts: 2,
      backoff: new ExponentialBackoff({ initialDelay: 25, maxDelay: 250 }),
    }),
  );
  let calls = 0;

  function send<T>(policy: IPolicy, method: OutgoingRequest["method"], path: string, body?: unknown): Promise<T> {
    let turn = calls++;
    return measured(o.target, () =>
      inSpan(`${method} ${o.target}`, { kind: SpanKind.CLIENT }, () =>
        policy.execute(({ signal }) =>
          instances.run(turn++, signal, (url, attemptSignal) =>
            sendRequest<T>(o, { url: `${url}${path}`, method, body, signal: attemptSignal }),
          ),
        ),
      ),
    );
  }

  return {
    get: (path) => send(withRetries, "GET", path),
    post: (path, body) => send(once, "POST", path, body),
  };
}

/** Records the duration and outcome of a call. An error that is not an `AppError` becomes `<target>.unavailable`. */
async function measured<T>(target: string, call: () => Promise<T>): Promise<T> {
  const started = performance.now();
  let outcome = "ok";
  try {
    return await call();
  } catch (error) {
    outcome = toOutcome(error);
    if (error instanceof AppError) throw error;
    throw serviceUnavailable(target, error);
  } finally {
    clientDuration.observe({ target, outcome }, (performance.now() - started) / 1000);
  }
}

/** `<target>.unavailable` (503): the service gave no usable response. */
export const serviceUnavailable = (target: string, cause: unknown): AppError =>
  new AppError(`${target}.unavailable`, {
    kind: "unavailable",
    public: `The ${target} service cannot be reached right now.`,
    retryAfterSeconds: cause instanceof BulkheadRejectedError ? 1 : 2,
    cause,
  });

function toOutcome(error: unknown): string {
  if (error instanceof BrokenCircuitError) return "refused_by_breaker";
  return error instanceof AppError ? "refused" : "failed";
}
