import { type AnyElysia, Elysia } from "elysia";
import { AppError, errorMessage } from "../errors/app-error";
import { problemResponse } from "../errors/problem";
import type { Log } from "../telemetry/log";
import { httpDuration } from "../telemetry/metrics";
import { inSpan, SpanKind, traceId, unrecordedTraceparent } from "../telemetry/tracing";
import { readBody } from "./body";
import { rejectCardNumberInRequest } from "./card-numbers";
import { malformedRequest, toAppError } from "./error-handling";
import { type Health, operationPaths, operations } from "./operations";

export type App = {
  /** Answers a request exactly as the server does: with a trace, problem details, metrics and a log line. */
  handle(request: Request): Promise<Response>;
};

/**
 * A service's HTTP interface: its routes, the routes for operators, and what happens to every request.
 * @param o.serving undefined while the service starts: requests are answered with 503 `service.not_ready`
 */
export function createApp(o: {
  service: string;
  serving?: { routes: AnyElysia; health: Health };
  log: Log;
  draining: () => boolean;
}): App {
  const matchedRoutes = new WeakMap<Request, string>();
  // With `standardHostname`, Elysia skips the first 11 characters of a URL to find the path: /products/metrics at the
  // one-letter host `a` would be read as /metrics.
  const app = new Elysia({ name: o.service, handler: { standardHostname: false } })
    .onError({ as: "global" }, ({ code, error }) => {
      const known = toAppError(code, error);
      if (known.kind === "internal") o.log.error({ err: known.cause ?? known }, "request failed");
      if (known.code === "store.unavailable") o.log.warn({ error: errorMessage(known.cause) }, "store unavailable");
      return problemResponse(known, traceId());
    })
    .onParse({ as: "global" }, ({ request, contentType, route }) => {
      matchedRoutes.set(request, route);
      return readBody(request, contentType);
    })
    .onTransform({ as: "global" }, ({ request, route }) => {
      matchedRoutes.set(request, route);
    })
    .use(operations({ ...o, health: o.serving?.health, describedApp: (): AnyElysia => app }))
    .use(o.serving?.routes ?? new Elysia());
  const toRoute = (request: Request) => matchedRoutes.get(request) ?? "none";

  return {
    async handle(request) {
      const started = performance.now();
      const path = getPath(request);
      const rejection =
        findRejection(request, path) ?? (o.serving || operationPaths.has(path) ? undefined : notReady());
      const method = methods.has(request.method) ? request.method : "other";
      // The path of a rejected request may contain a card number: it must reach neither the span nor the log.
      const response = await inSpan(
        method,
        { kind: SpanKind.SERVER, traceparent: request.headers.get("traceparent") ?? unrecordedTraceparent() },
        async (span) => {
          const answer = rejection ? problemResponse(rejection, traceId()) : await app.fetch(request);
          span.updateName(`${method} ${toRoute(request)}`);
          const line = { method, path: rejection ? "refused" : path, status: answer.status, ms: elapsedMs(started) };
          if (!operationPaths.has(path)) o.log.info(line, "request");
          return answer;
        },
      );
      httpDuration.observe({ method, route: toRoute(request), status: response.status }, elapsedMs(started) / 1000);
      return response;
    },
  };
}

/** Any other method is labelled `other`, so that callers cannot create metric labels. */
const methods = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/** Empty if the `Host` header makes the URL unusable; such a request is rejected. */
const getPath = (request: Request) => URL.parse(request.url)?.pathname ?? "";

const notReady = () =>
  new AppError("service.not_ready", {
    kind: "unavailable",
    public: "The service is starting. Please try again in a moment.",
    retryAfterSeconds: 1,
  });

const elapsedMs = (started: number) => Math.round((performance.now() - started) * 1000) / 1000;

/** The error for a request that must not reach any route, because of its URL or headers. */
function findRejection(request: Request, path: string): AppError | undefined {
  try {
    if (path === "" || /%00/.test(request.url)) throw malformedRequest("The request URL is invalid.");
    rejectCardNumberInRequest(request);
    return undefined;
  } catch (error) {
    return error as AppError;
  }
}
