import type { Static, TObject } from "@sinclair/typebox";
import { serviceTokens } from "./auth/service-tokens";
import { systemClock } from "./clock";
import type { commonEnv } from "./config";
import { createLifecycle } from "./lifecycle";
import { createLog } from "./telemetry/log";
import { startTelemetry } from "./telemetry/tracing";

/** What every composition root starts with: tracing, log, clock, service tokens, and the lifecycle that closes it all. */
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
      privateJwk: parsed("SERVICE_KEY", config.SERVICE_KEY),
      publicKeys: parsed("SERVICE_KEYS", config.SERVICE_KEYS),
    }),
  };
}

/** The parser's own message would print part of the key. */
function parsed(name: string, json: string) {
  try {
    return JSON.parse(json);
  } catch {
    throw new Error(`The environment is not usable:\n  ${name}: Expected JSON`);
  }
}
