import pino, { type DestinationStream, type Logger } from "pino";
import { traceId } from "./tracing";

export type Log = Logger;

/** The values of these keys are not printed, at any depth. */
const secretKeys = new Set([
  ...["authorization", "cookie", "password", "newPassword", "secret", "clientSecret", "client_secret", "apiKey"],
  ...["token", "refreshToken", "refresh_token", "accessToken", "access_token", "sealedToken"],
]);
/** Objects below this depth are not printed. */
const depthMax = 6;

/** A copy without secrets. pino's own `redact` takes paths of a fixed depth and costs more time than the rest of a log line. */
function redacted(value: unknown, depth = 0): unknown {
  if (typeof value !== "object" || value === null || value instanceof Error || value instanceof Date) return value;
  if (depth === depthMax) return "[too deep]";
  if (Array.isArray(value)) return value.map((item) => redacted(item, depth + 1));
  const copy: Record<string, unknown> = {};
  for (const [key, part] of Object.entries(value))
    copy[key] = secretKeys.has(key) ? "[redacted]" : redacted(part, depth + 1);
  return copy;
}

/** Buffered standard output. The buffer is written every 200 ms and when the process ends. */
function standardOutput(): DestinationStream {
  const output = pino.destination({ dest: 1, sync: false, minLength: 4_096, periodicFlush: 200 });
  process.on("exit", () => output.flushSync());
  return output;
}

/** A log of JSON lines on standard output. Lines that are logged inside a span have its `traceId`. */
export const createLog = (
  options: { service: string; instance: string; version: string; level: string },
  to: DestinationStream = standardOutput(),
): Log =>
  pino(
    {
      level: options.level,
      base: { service: options.service, instance: options.instance, version: options.version },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: {
        level: (label) => ({ level: label }),
        log: (fields) => redacted(fields) as Record<string, unknown>,
      },
      serializers: { err: (error) => redacted(pino.stdSerializers.err(error)) },
      mixin: () => {
        const id = traceId();
        return id ? { traceId: id } : {};
      },
    },
    to,
  );
