import { describe, expect, test } from "bun:test";
import { Type as t } from "@sinclair/typebox";
import { bootstrap } from "./bootstrap";
import { plusSeconds, systemClock } from "./clock";
import { commonEnv, readConfig } from "./config";
import { AppError, errorMessage, toProblem } from "./errors/app-error";
import { counter, histogram, registry } from "./telemetry/metrics";
import { testServiceKeyEnv } from "./testing/tokens";

const configOf = (over: Record<string, string>) =>
  readConfig(t.Object(commonEnv), { PORT: "0", REDIS_URL: "redis://h", LOG_LEVEL: "silent", ...over });

describe("what every service begins with", () => {
  test("is made of its configuration", async () => {
    const made = await bootstrap("order", configOf(await testServiceKeyEnv("order")));
    expect(made.clock).toBe(systemClock);
    expect(made.log.level).toBe("silent");
    expect(await made.tokens.verify(`Bearer ${await made.tokens.for("order")}`, ["order"])).toBe("order");
    await made.lifecycle.close();
  });
  test.each(["SERVICE_KEY", "SERVICE_KEYS"])("%s that cannot be read is named, and not printed", async (name) => {
    const config = configOf({ ...(await testServiceKeyEnv("order")), [name]: "hunter2" });
    const error = await bootstrap("order", config).catch((it) => it);
    expect(errorMessage(error)).toContain(name);
    expect(errorMessage(error)).not.toContain("hunter2");
  });
});

test("time passes, and can be reckoned with", () => {
  const before = Date.now();
  expect(systemClock.now().getTime()).toBeWithin(before, Date.now() + 1);
  expect(plusSeconds(new Date(5_000), -5).getTime()).toBe(0);
});

test("an error keeps for the log what its problem does not tell", () => {
  const cause = new Error("connection refused");
  const error = new AppError("user.unavailable", {
    kind: "unavailable",
    public: "Later.",
    internal: "no route",
    cause,
  });
  expect(error).toMatchObject({ name: "AppError", message: "no route", status: 503, cause });
  expect(toProblem(error, "t1")).toEqual({
    type: "urn:shop:error:user.unavailable",
    title: "Later.",
    status: 503,
    code: "user.unavailable",
    traceId: "t1",
  });
  expect(errorMessage("just text")).toBe("just text");
});

test("a service's own metrics stand beside the plumbing's", async () => {
  counter("kit_test_total", "A count", ["what"]).inc({ what: "x" });
  histogram("kit_test_seconds", "A time", ["what"], [1, 2]).observe({ what: "x" }, 1.5);
  const text = await registry.metrics();
  expect(text).toContain('kit_test_total{what="x"} 1');
  expect(text).toContain('kit_test_seconds_bucket{le="2",what="x"} 1');
});
