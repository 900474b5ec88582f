import type { Static, TObject } from "@sinclair/typebox";
import { systemClock } from "./clock";
import type { commonEnv } from "./config";
import { createLog } from "./log";
import { serviceTokens } from "./service-tokens";
import { startTelemetry } from "./telemetry";

/** What every composition root begins with: tracing, log, clock and the key for service tokens. */
export async function prepare(service: string, config: Static<TObject<typeof commonEnv>>) {
  const flushTelemetry = await startTelemetry(service, config.OTEL_EXPORTER_OTLP_ENDPOINT);
  return {
    flushTelemetry,
    clock: systemClock,
    log: createLog({
      service,
      instance: config.INSTANCE_ID,
      version: config.SERVICE_VERSION,
      level: config.LOG_LEVEL,
    }),
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
