import { type AnyElysia, Elysia } from "elysia";
import { registry } from "../telemetry/metrics";

export type Health = {
  /** Resolves when the service's own store answers. */
  store: () => Promise<unknown>;
  /** Whether the message queue can be reached. Without it the service is degraded, but still ready. */
  queue: () => boolean;
  /** The service is not ready if the store takes longer than this; 2,000 by default. */
  storeTimeoutMs?: number;
};

/** The paths for operators. Envoy has no route to them. */
export const operationPaths = new Set(["/health", "/ready", "/metrics", "/openapi.json"]);

/**
 * Liveness, readiness, metrics, and the OpenAPI document of `describedApp`.
 * @param o.health undefined while the service starts
 */
export const operations = (o: {
  service: string;
  health?: Health;
  draining: () => boolean;
  describedApp: () => AnyElysia;
}) =>
  new Elysia()
    .get("/openapi.json", () => toOpenApi(o.service, o.describedApp()))
    .get("/health", () => ({ status: "ok" }))
    .get("/ready", async ({ set }) => {
      const status = o.draining() ? "draining" : o.health ? await checkHealth(o.health) : "starting";
      if (status !== "ready" && status !== "degraded") set.status = 503;
      return { status };
    })
    .get("/metrics", async ({ set }) => {
      set.headers["content-type"] = registry.contentType;
      return registry.metrics();
    });

/** The public routes as OpenAPI. The generator is loaded on first use, because it takes longer than the rest of the start. */
async function toOpenApi(service: string, app: AnyElysia) {
  const { toOpenAPISchema } = await import("@elysiajs/openapi");
  const { paths, components } = toOpenAPISchema(app, {
    paths: [...operationPaths, /^\/internal/],
    staticFile: false,
    methods: ["OPTIONS"],
  });
  return { openapi: "3.1.2", info: { title: `${service} service`, version: "1.0.0" }, paths, components };
}

async function checkHealth(health: Health): Promise<"ready" | "degraded" | "store unavailable"> {
  const timedOut = Bun.sleep(health.storeTimeoutMs ?? 2_000).then(() => false);
  const answered = (async () => health.store())().then(
    () => true,
    () => false,
  );
  if (!(await Promise.race([answered, timedOut]))) return "store unavailable";
  return health.queue() ? "ready" : "degraded";
}
