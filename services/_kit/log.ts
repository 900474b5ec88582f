import pino, { type DestinationStream, type Logger } from "pino";
import { traceId } from "./telemetry";

export type Log = Logger;

/** Wherever these keys stand in a logged object, their value is not printed. */
const secretKeys = [
  ...["authorization", "cookie", "password", "newPassword", "secret", "clientSecret", "client_secret", "apiKey"],
  ...["token", "refreshToken", "refresh_token", "accessToken", "access_token", "sealedToken"],
];
const redact = secretKeys.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]);

/** JSON lines on standard output: one per request and per message, each with the trace id it belongs to. */
export const createLog = (
  options: { service: string; instance: string; version: string; level: string },
  to: DestinationStream = pino.destination(1),
): Log =>
  pino(
    {
      level: options.level,
      base: { service: options.service, instance: options.instance, version: options.version },
      redact: { paths: redact, censor: "[redacted]" },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      mixin: () => {
        const id = traceId();
        return id ? { traceId: id } : {};
      },
    },
    to,
  );
