import {
  BrokenCircuitError,
  BulkheadRejectedError,
  bulkhead,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  ExponentialBackoff,
  handleType,
  retry,
  TaskCancelledError,
  TimeoutStrategy,
  timeout,
  wrap,
} from "cockatiel";
import type { ServiceTokens } from "../auth/service-tokens";
import { AppError, type ErrorKind, type Problem } from "../errors/app-error";
import { breakerOpen, clientDuration } from "../telemetry/metrics";
import { inSpan, SpanKind, traceparent } from "../telemetry/tracing";

export type HttpClient = {
  /** GET, retried: reading twice does no harm. */
  get<T>(path: string): Promise<T>;
  /** POST, sent once. */
  post<T>(path: string, body: unknown): Promise<T>;
};

const kinds: Record<number, ErrorKind> = { 404: "not_found", 409: "conflict", 429: "unavailable" };

/** What a 4xx answer means for our own caller. That our token is refused is not their fault, and none of their business. */
function refusal(target: string, status: number, text: string): AppError {
  if (status === 401 || status === 403)
    return new AppError(`${target}.refused`, {
      kind: "internal",
      public: "Something went wrong.",
      internal: `${target} refused our token: ${status}`,
    });
  let problem: Partial<Problem> = {};
  try {
    problem = JSON.parse(text);
  } catch {
    // Not from the service itself: from something in between.
  }
  return new AppError(problem.code ?? `${target}.refused`, {
    kind: kinds[status] ?? "invalid",
    public: problem.title ?? "The request was refused.",
  });
}

/** An answer that says the other side is in trouble; worth another try and counted by the breaker. */
class ServerTrouble extends Error {}

/**
 * Calls to one other service: bulkhead → retry with jitter (reads only) → circuit breaker → timeout, traced and measured.
 * Its instances take turns; one whose breaker is open is passed over, and a retry goes to the next.
 * The timeout aborts the request; whether the other side acted is then unknown.
 * @throws AppError with the callee's `code` for its 4xx answers; `<target>.unavailable` (503) when it is down, slow, or the breaker is open
 */
export function httpClient(o: {
  target: string;
  /** One URL, or those of several instances with commas between. */
  baseUrl: string;
  tokens: ServiceTokens;
  timeoutMs?: number;
  maxConcurrent?: number;
}): HttpClient {
  const trouble = handleType(ServerTrouble).orType(TaskCancelledError).orType(TypeError);
  const limit = timeout(o.timeoutMs ?? 1_500, TimeoutStrategy.Aggressive);
  const instances = o.baseUrl.split(",").map((url) => {
    const breaker = circuitBreaker(trouble, { halfOpenAfter: 2_000, breaker: new ConsecutiveBreaker(8) });
    breaker.onStateChange(measureBreakers);
    return { url, breaker, guarded: wrap(breaker, limit) };
  });
  function measureBreakers(): void {
    const open = instances.every(({ breaker }) => breaker.state === CircuitState.Open);
    breakerOpen.set({ target: o.target }, open ? 1 : 0);
  }
  measureBreakers();
  let turn = 0;

  /** At the instance whose turn it is; what an open breaker holds back was not sent, so the next may have it. */
  async function atSome<T>(from: number, signal: AbortSignal, work: (url: string, signal: AbortSignal) => Promise<T>) {
    const inTurn = instances.map((_, index) => instances[(from + index) % instances.length] as (typeof instances)[0]);
    for (const [index, { url, guarded }] of inTurn.entries())
      try {
        return await guarded.execute((context) => work(url, context.signal), signal);
      } catch (error) {
        if (!(error instanceof BrokenCircuitError) || index === inTurn.length - 1) throw error;
      }
    throw new Error("there is no instance");
  }

  const room = bulkhead(o.maxConcurrent ?? 128, 512);
  const again = retry(trouble, {
    maxAttempts: 2,
    backoff: new ExponentialBackoff({ initialDelay: 25, maxDelay: 250 }),
  });
  const repeatable = wrap(room, again);

  async function request<T>(url: string, method: string, body: unknown, signal: AbortSignal): Promise<T> {
    const trace = traceparent();
    const response = await fetch(url, {
      method,
      signal,
      headers: {
        authorization: `Bearer ${await o.tokens.for(o.target)}`,
        ...(trace && { traceparent: trace }),
        ...(body !== undefined && { "content-type": "application/json" }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    }).catch((cause) => {
      throw new ServerTrouble(`${o.target} cannot be reached`, { cause });
    });
    if (response.status >= 500) throw new ServerTrouble(`${o.target} answered ${response.status}`);
    const text = await response.text().catch((cause) => {
      throw new ServerTrouble(`the answer of ${o.target} broke off`, { cause });
    });
    // An empty answer (204) is one too.
    if (response.ok) return (text === "" ? undefined : JSON.parse(text)) as T;
    throw refusal(o.target, response.status, text);
  }

  async function call<T>(
    policy: typeof room | typeof repeatable,
    method: string,
    path: string,
    body?: unknown,
  ): Promise<T> {
    const started = performance.now();
    let outcome = "ok";
    let next = turn++;
    try {
      return await inSpan(`${method} ${o.target}`, { kind: SpanKind.CLIENT }, () =>
        policy.execute(({ signal }) =>
          atSome(next++, signal, (url, until) => request<T>(`${url}${path}`, method, body, until)),
        ),
      );
    } catch (error) {
      outcome =
        error instanceof BrokenCircuitError ? "refused_by_breaker" : error instanceof AppError ? "refused" : "failed";
      if (error instanceof AppError) throw error;
      throw new AppError(`${o.target}.unavailable`, {
        kind: "unavailable",
        public: `The ${o.target} service cannot be reached right now.`,
        retryAfterSeconds: error instanceof BulkheadRejectedError ? 1 : 2,
        cause: error,
      });
    } finally {
      clientDuration.observe({ target: o.target, outcome }, (performance.now() - started) / 1000);
    }
  }

  return {
    get: (path) => call(repeatable, "GET", path),
    post: (path, body) => call(room, "POST", path, body),
  };
}
