import { beforeAll, expect, test } from "bun:test";
import { createLog, type Log } from "./log";
import { inSpan, startTelemetry } from "./tracing";

/** The lines that `write` logs, parsed. */
function loggedLines(write: (log: Log) => void): Record<string, unknown>[] {
  const lines: string[] = [];
  const options = { service: "order", instance: "order-1", version: "1.2.3", level: "info" };
  write(createLog(options, { write: (line) => void lines.push(line) }));
  return lines.map((line) => JSON.parse(line));
}

beforeAll(() => startTelemetry("test", undefined));

test("a line has level, time, service, instance and version", () => {
  const [line, ...others] = loggedLines((log) => {
    log.info({ orderId: 1 }, "placed");
    log.debug("not this");
  });
  expect(line).toMatchObject({ level: "info", service: "order", instance: "order-1", version: "1.2.3" });
  expect(line).toMatchObject({ orderId: 1, msg: "placed" });
  expect(Number.isNaN(Date.parse(String(line?.time)))).toBe(false);
  expect(line).not.toHaveProperty("traceId");
  expect(others).toEqual([]);
});

test("secrets are redacted at any depth", () => {
  const keys = [
    ...["authorization", "cookie", "password", "newPassword", "secret", "clientSecret", "client_secret", "apiKey"],
    ...["token", "refreshToken", "refresh_token", "accessToken", "access_token", "sealedToken"],
  ];
  const secrets = Object.fromEntries(keys.map((key) => [key, "hunter2"]));
  const lines = loggedLines((log) => {
    for (const logged of [
      secrets,
      { a: secrets },
      { a: [secrets] },
      { a: { b: secrets } },
      { err: Object.assign(new Error("x"), secrets) },
    ])
      log.info(logged);
  });
  expect(lines).toHaveLength(5);
  expect(JSON.stringify(lines)).not.toContain("hunter2");
  expect(JSON.stringify(lines).match(/\[redacted\]/g)).toHaveLength(5 * keys.length);
});

test("a line inside a span has its trace id", async () => {
  const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  const [line] = loggedLines((log) => inSpan("x", { traceparent }, () => log.info("in")));
  expect(line?.traceId).toBe("4bf92f3577b34da6a3ce929d0e0e4736");
});
