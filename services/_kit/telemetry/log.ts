import pino, { type DestinationStream, type Logger } from "pino";
import { traceId } from "./tracing";

export type Log = Logger;

/** Wherever these keys stand in a logged object, their value is not printed. */
const secretKeys = new Set([
  ...["authorization", "cookie", "password", "newPassword", "secret", "clientSecret", "client_secret", "apiKey"],
  ...["token", "refreshToken", "refresh_token", "accessToken", "access_token", "sealedToken"],
]);
/** What is deeper is not printed either. */
const deepest = 6;

/** A copy without secrets. By hand, because pino's redaction by paths costs more than the rest of a line and stops at a depth. */
function scrubbed(value: unknown, depth = 0): unknown {
  if (typeof value !== "object" || value === null || value instanceof Error || value instanceof Date) return value;
  if (depth === deepest) return "[deeper]";
  if (Array.isArray(value)) return value.map((item) => scrubbed(item, depth + 1));
  const copy: Record<string, unknown> = {};
  for (const [key, part] of Object.entries(value))
    copy[key] = secretKeys.has(key) ? "[redacted]" : scrubbed(part, depth + 1);
  return copy;
}

/** Standard output, a few lines at a time; what is left is written when the process ends. */
function standardOutput(): DestinationStream {
  const output = pino.destination({ dest: 1, sync: false, minLength: 4_096, periodicFlush: 200 });
  process.on("exit", () => output.flushSync());
  return output;
}

/** JSON lines on standard output: one per request and per message, each with the trace id it belongs to. */
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
        log: (fields) => scrubbed(fields) as Record<string, unknown>,
      },
      serializers: { err: (error) => scrubbed(pino.stdSerializers.err(error)) },
      mixin: () => {
        const id = traceId();
        return id ? { traceId: id } : {};
      },
    },
    to,
  );
