import type { Static, TObject } from "@sinclair/typebox";
import { serviceTokens } from "./auth/service-tokens";
import { systemClock } from "./clock";
import { type commonEnv, InvalidEnvironment } from "./config";
import { createLifecycle } from "./lifecycle";
import { createLog } from "./telemetry/log";
import { startTelemetry } from "./telemetry/tracing";

/** Starts what every service needs: tracing, log, clock, service tokens, and the lifecycle that closes everything. */
export async function bootstrap(service: string, config: Static<TObject<typeof commonEnv>>) {
  const flushTelemetry = await startTelemetry(service, config.OTEL_EXPORTER_OTLP_ENDPOINT);
  const log = createLog({
    service,
    instance: config.INSTANCE_ID,
    version: config.SERVICE_VERSION,
    level: config.LOG_LEVEL,
  });
  const lifecycle = createLifecycle(log);
  lifecycle.use("telemetry", flushTelemetry);
  return {
    lifecycle,
    clock: systemClock,
    log,
    tokens: serviceTokens({
      self: service,
      privateJwk: parseJson("SERVICE_KEY", config.SERVICE_KEY),
      publicKeys: parseJson("SERVICE_KEYS", config.SERVICE_KEYS),
    }),
  };
}

/** @throws Error without the parser's message, which would print a part of the key */
function parseJson(name: string, json: string) {
  try {
    return JSON.parse(json);
  } catch {
    throw new InvalidEnvironment(new Map([[name, "Expected JSON"]]));
  }
}
