import type { ServiceTokens } from "../auth/service-tokens";
import { AppError, type ErrorKind } from "../errors/app-error";
import type { Problem } from "../errors/problem";
import { traceparent } from "../telemetry/tracing";

/** The callee is down or answered 5xx. Such a request is worth a retry and counts for the circuit breaker. */
export class ServerFailure extends Error {}

export type OutgoingRequest = {
  url: string;
  method: "GET" | "POST";
  /** Sent as JSON; no body if undefined. */
  body: unknown;
  signal: AbortSignal;
};

/**
 * Sends one request to another service, with a service token and the current trace.
 * @returns the parsed JSON body; undefined if the response has none (204)
 * @throws ServerFailure if there is no complete response, or it is a 5xx
 * @throws AppError with the callee's `code` for a 4xx; SyntaxError if the response is not JSON
 */
export async function sendRequest<T>(
  callee: { target: string; tokens: ServiceTokens },
  { url, method, body, signal }: OutgoingRequest,
): Promise<T> {
  const { target, tokens } = callee;
  const trace = traceparent();
  const response = await fetch(url, {
    method,
    signal,
    headers: {
      authorization: `Bearer ${await tokens.for(target)}`,
      ...(trace && { traceparent: trace }),
      ...(body !== undefined && { "content-type": "application/json" }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  }).catch((cause) => {
    throw new ServerFailure(`request to ${target} failed`, { cause });
  });
  if (response.status >= 500) throw new ServerFailure(`${target} answered ${response.status}`);
  const text = await response.text().catch((cause) => {
    throw new ServerFailure(`response of ${target} is incomplete`, { cause });
  });
  if (response.ok) return (text === "" ? undefined : JSON.parse(text)) as T;
  throw toRefusal(target, response.status, text);
}

const kinds: Record<number, ErrorKind> = { 404: "not_found", 409: "conflict", 429: "unavailable" };

/** The error that a 4xx of the callee means for our own caller. A refused service token is an internal error of ours. */
function toRefusal(target: string, status: number, text: string): AppError {
  if (status === 401 || status === 403)
    return new AppError(`${target}.refused`, {
      kind: "internal",
      public: "Something went wrong.",
      internal: `${target} refused the service token with status ${status}`,
    });
  const problem = parseProblem(text);
  return new AppError(problem.code ?? `${target}.refused`, {
    kind: kinds[status] ?? "invalid",
    public: problem.title ?? "The request was refused.",
  });
}

/** Empty if the body is not JSON: it then comes from a proxy and not from the service. */
function parseProblem(text: string): Partial<Problem> {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
