import pino, { type Logger } from "pino";
import { traceId } from "./telemetry";

export type Log = Logger;

/** Wherever these keys stand in a logged object, their value is not printed. */
const secretKeys = ["authorization", "cookie", "password", "token", "refreshToken", "secret", "apiKey", "sealedToken"];
const redact = secretKeys.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]);

/** JSON lines on standard output: one per request and per message, each with the trace id it belongs to. */
export const createLog = (options: { service: string; instance: string; version: string; level: string }): Log =>
  pino({
    level: options.level,
    base: { service: options.service, instance: options.instance, version: options.version },
    redact: { paths: redact, censor: "[redacted]" },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    mixin: () => {
      const id = traceId();
      return id ? { traceId: id } : {};
    },
  });
