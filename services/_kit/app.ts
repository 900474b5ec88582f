import { openapi } from "@elysiajs/openapi";
import { type AnyElysia, Elysia } from "elysia";
import { refuseCardNumber, refuseCardNumberAround } from "./card-numbers";
import { AppError, problemResponse } from "./errors";
import type { Log } from "./log";
import { httpDuration, registry } from "./metrics";
import { inSpan, SpanKind, traceId } from "./telemetry";

export type Health = {
  /** Resolves when the service's own store answers. */
  store: () => Promise<unknown>;
  /** Whether the message queue can be reached; without it the service carries on, degraded. */
  queue: () => boolean;
};

export type App = {
  /** Answers a request as the port would: trace, errors, metrics and log line included. */
  handle(request: Request): Promise<Response>;
};

/** A service's whole HTTP face: its routes, and around them health, readiness, metrics, OpenAPI and problem+json. */
export function createApp(o: {
  service: string;
  routes: AnyElysia;
  health: Health;
  log: Log;
  draining: () => boolean;
}): App {
  const routeOf = new WeakMap<Request, string>();
  const app = new Elysia({ name: o.service })
    .onError({ as: "global" }, ({ code, error }) => {
      const known = toAppError(code, error);
      if (known.kind === "internal") o.log.error({ err: known.cause ?? known }, "request failed");
      return problemResponse(known, traceId());
    })
    .onParse({ as: "global" }, ({ request, contentType }) => readBody(request, contentType))
    .onTransform({ as: "global" }, ({ request, route }) => {
      routeOf.set(request, route);
    })
    .use(operations(o))
    .use(o.routes);

  return {
    async handle(request) {
      const started = performance.now();
      const path = new URL(request.url).pathname;
      const response = await inSpan(
        `${request.method} ${path}`,
        { kind: SpanKind.SERVER, traceparent: request.headers.get("traceparent"), root: true },
        async () => {
          const answer = await guarded(request, app.fetch);
          if (!operationPaths.has(path))
            o.log.info({ method: request.method, path, status: answer.status, ms: elapsedMs(started) }, "request");
          return answer;
        },
      );
      const route = routeOf.get(request) ?? "none";
      httpDuration.observe({ method: request.method, route, status: response.status }, elapsedMs(started) / 1000);
      return response;
    },
  };
}

const elapsedMs = (started: number) => Math.round((performance.now() - started) * 1000) / 1000;

/** What only operators reach: Envoy has no route to these. */
const operationPaths = new Set(["/health", "/ready", "/metrics", "/openapi.json"]);

const operations = (o: { service: string; health: Health; draining: () => boolean }) =>
  new Elysia()
    .use(
      openapi({
        provider: null,
        specPath: "/openapi.json",
        documentation: { info: { title: `${o.service} service`, version: "1.0.0" } },
        exclude: { paths: [...operationPaths, "/openapi", /^\/internal/] },
      }),
    )
    .get("/health", () => ({ status: "ok" }))
    .get("/ready", async ({ set }) => {
      const status = o.draining() ? "draining" : await readiness(o.health);
      if (status === "draining" || status === "store unavailable") set.status = 503;
      return { status };
    })
    .get("/metrics", async ({ set }) => {
      set.headers["content-type"] = registry.contentType;
      return registry.metrics();
    });

async function readiness(health: Health): Promise<string> {
  const store = health.store().then(
    () => true,
    () => false,
  );
  if (!(await Promise.race([store, Bun.sleep(2_000).then(() => false)]))) return "store unavailable";
  return health.queue() ? "ready" : "degraded";
}

async function guarded(request: Request, next: (request: Request) => Response | Promise<Response>): Promise<Response> {
  try {
    refuseCardNumberAround(request);
  } catch (error) {
    return problemResponse(error as AppError, traceId());
  }
  return next(request);
}

/** Bodies are JSON, and are looked at for card numbers before anybody else sees them. */
async function readBody(request: Request, contentType: string): Promise<unknown> {
  const text = await request.text();
  if (text === "") return undefined;
  if (contentType !== "application/json")
    throw new AppError("request.unsupported_media_type", {
      kind: "unsupported_media_type",
      public: "The body must be application/json.",
    });
  refuseCardNumber(text);
  const body = parsed(text);
  if (text.includes("\\u")) refuseCardNumber(JSON.stringify(body));
  return body;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new AppError("request.malformed", { kind: "malformed", public: "The body is not valid JSON.", cause });
  }
}

/** Turns whatever was thrown into the one error type; only an `AppError` decides what the caller reads. */
function toAppError(code: string | number, error: unknown): AppError {
  if (error instanceof AppError) return error;
  // Elysia wraps what a parser throws.
  if (error instanceof Error && error.cause instanceof AppError) return error.cause;
  if (code === "NOT_FOUND")
    return new AppError("route.not_found", { kind: "not_found", public: "There is nothing here." });
  if (code === "PARSE")
    return new AppError("request.malformed", { kind: "malformed", public: "The body cannot be read.", cause: error });
  if (code === "VALIDATION") return invalid(error as ValidationIssues);
  return new AppError("internal", { kind: "internal", public: "Something went wrong.", cause: error });
}

type ValidationIssues = { type: string; all: { path?: string; message?: string; summary?: string }[] };

function invalid(error: ValidationIssues): AppError {
  // An answer of ours that breaks its schema is our fault, not the caller's.
  if (error.type === "response")
    return new AppError("internal", { kind: "internal", public: "Something went wrong.", cause: error });
  const fields = error.all
    .slice(0, 20)
    .map((issue) => ({ path: issue.path ?? "", message: issue.summary ?? issue.message ?? "not as it should be" }));
  return new AppError("request.invalid", {
    kind: "invalid",
    public: `The ${error.type} is not as it should be.`,
    fields,
  });
}
