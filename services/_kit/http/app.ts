import { type AnyElysia, Elysia } from "elysia";
import { AppError, errorMessage, problemResponse } from "../errors/app-error";
import { isStoreOutage } from "../errors/store-outage";
import type { Log } from "../telemetry/log";
import { httpDuration, registry } from "../telemetry/metrics";
import { inSpan, SpanKind, traceId } from "../telemetry/tracing";
import { rejectCardNumber, rejectCardNumberInRequest } from "./card-numbers";

export type Health = {
  /** Resolves when the service's own store answers. */
  store: () => Promise<unknown>;
  /** Whether the message queue can be reached; without it the service carries on, degraded. */
  queue: () => boolean;
  /** A store that takes longer is not ready; 2 s unless told. */
  storeTimeoutMs?: number;
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
  // `standardHostname` looks for the path from the twelfth character on: with `Host: a`, /products/metrics would be /metrics.
  const app = new Elysia({ name: o.service, handler: { standardHostname: false } })
    .onError({ as: "global" }, ({ code, error }) => {
      const known = toAppError(code, error);
      if (known.kind === "internal") o.log.error({ err: known.cause ?? known }, "request failed");
      if (known.code === "store.unavailable") o.log.warn({ error: errorMessage(known.cause) }, "the store is away");
      return problemResponse(known, traceId());
    })
    .onParse({ as: "global" }, ({ request, contentType, route }) => {
      routeOf.set(request, route);
      return readBody(request, contentType);
    })
    .onTransform({ as: "global" }, ({ request, route }) => {
      routeOf.set(request, route);
    })
    .use(operations({ ...o, described: (): AnyElysia => app }))
    .use(o.routes);

  return {
    async handle(request) {
      const started = performance.now();
      const path = pathOf(request);
      const refused = refusalOf(request, path);
      const method = methods.has(request.method) ? request.method : "other";
      // Neither span nor log line gets to see the path of a request that is refused for what is in it.
      const response = await inSpan(
        method,
        { kind: SpanKind.SERVER, traceparent: request.headers.get("traceparent"), root: true },
        async (span) => {
          const answer = refused ? problemResponse(refused, traceId()) : await app.fetch(request);
          span.updateName(`${method} ${routeOf.get(request) ?? "none"}`);
          const line = { method, path: refused ? "refused" : path, status: answer.status, ms: elapsedMs(started) };
          if (!operationPaths.has(path)) o.log.info(line, "request");
          return answer;
        },
      );
      const route = routeOf.get(request) ?? "none";
      httpDuration.observe({ method, route, status: response.status }, elapsedMs(started) / 1000);
      return response;
    },
  };
}

/** Every label is bounded, whatever a caller sends. */
const methods = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/** Empty where the `Host` header makes the URL unusable: such a request is refused. */
const pathOf = (request: Request) => URL.parse(request.url)?.pathname ?? "";

const elapsedMs = (started: number) => Math.round((performance.now() - started) * 1000) / 1000;

/** What only operators reach: Envoy has no route to these. */
const operationPaths = new Set(["/health", "/ready", "/metrics", "/openapi.json"]);

const operations = (o: { service: string; health: Health; draining: () => boolean; described: () => AnyElysia }) =>
  new Elysia()
    .get("/openapi.json", () => describe(o.service, o.described()))
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

/** The published routes as OpenAPI. The generator is loaded only when somebody asks: it takes longer than the rest of a start. */
async function describe(service: string, app: AnyElysia) {
  const { toOpenAPISchema } = await import("@elysiajs/openapi");
  const { paths, components } = toOpenAPISchema(app, {
    paths: [...operationPaths, /^\/internal/],
    staticFile: false,
    methods: ["OPTIONS"],
  });
  return { openapi: "3.1.2", info: { title: `${service} service`, version: "1.0.0" }, paths, components };
}

async function readiness(health: Health): Promise<string> {
  const late = Bun.sleep(health.storeTimeoutMs ?? 2_000).then(() => false);
  const answered = (async () => health.store())().then(
    () => true,
    () => false,
  );
  if (!(await Promise.race([answered, late]))) return "store unavailable";
  return health.queue() ? "ready" : "degraded";
}

/** Why a request is refused before anybody sees it. */
function refusalOf(request: Request, path: string): AppError | undefined {
  try {
    if (path === "" || /%00/.test(request.url)) throw malformed("The URL cannot be read.");
    rejectCardNumberInRequest(request);
    return undefined;
  } catch (error) {
    return error as AppError;
  }
}

const malformed = (text: string, cause?: unknown) =>
  new AppError("request.malformed", { kind: "malformed", public: text, cause });

/** Bodies are JSON, and are looked at for card numbers before anybody else sees them. */
async function readBody(request: Request, contentType: string): Promise<unknown> {
  const text = await request.text();
  if (text === "") return undefined;
  if (contentType.toLowerCase() !== "application/json")
    throw new AppError("request.unsupported_media_type", {
      kind: "unsupported_media_type",
      public: "The body must be application/json.",
    });
  rejectCardNumber(text);
  const body = parsed(text);
  // Escapes and exponents (4.111e15) are other ways to write digits.
  if (/\\u|\de[+\d]/i.test(text)) rejectCardNumber(JSON.stringify(body));
  return body;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text, /toString|\\u/i.test(text) ? refuseOdd : undefined);
  } catch (cause) {
    throw malformed("The body is not valid JSON.", cause);
  }
}

/**
 * PostgreSQL takes neither NUL nor half a character, and what cannot be made a text breaks Elysia's own error messages:
 * found there it would be our error, but it is the caller's.
 */
function refuseOdd(key: string, value: unknown): unknown {
  if (key === "toString") throw new SyntaxError("a field cannot be called toString");
  for (const text of [key, value])
    if (typeof text === "string" && (text.includes("\0") || !text.isWellFormed()))
      throw new SyntaxError("a string holds what is not a character");
  return value;
}

/** Turns whatever was thrown into the one error type; only an `AppError` decides what the caller reads. */
function toAppError(code: string | number, error: unknown): AppError {
  if (error instanceof AppError) return error;
  // Elysia wraps what a parser throws.
  if (error instanceof Error && error.cause instanceof AppError) return error.cause;
  if (code === "NOT_FOUND")
    return new AppError("route.not_found", { kind: "not_found", public: "There is nothing here." });
  if (code === "PARSE") return malformed("The body cannot be read.", error);
  if (code === "VALIDATION") return invalid(error as ValidationIssues);
  if (isStoreOutage(error))
    return new AppError("store.unavailable", {
      kind: "unavailable",
      public: "The service's store cannot be reached right now. Please try again in a moment.",
      retryAfterSeconds: 1,
      cause: error,
    });
  return new AppError("internal", { kind: "internal", public: "Something went wrong.", cause: error });
}

type ValidationIssues = { type: string; all: { path?: string; message?: string; summary?: string }[] };

function invalid(error: ValidationIssues): AppError {
  // Elysia's `summary` repeats the value, which may be a password.
  const fields = error.all
    .slice(0, 20)
    .map((issue) => ({ path: issue.path ?? "", message: issue.message ?? issue.summary ?? "not as it should be" }));
  // An answer of ours that breaks its schema is our fault, not the caller's. Its error holds the whole answer: not for the log.
  if (error.type === "response") {
    const internal = `the answer is off its schema: ${fields.map(({ path, message }) => `${path} ${message}`).join("; ")}`;
    return new AppError("internal", { kind: "internal", public: "Something went wrong.", internal });
  }
  return new AppError("request.invalid", {
    kind: "invalid",
    public: `The ${error.type} is not as it should be.`,
    fields,
  });
}
