import { describe, expect, test } from "bun:test";
import { Type as t } from "@sinclair/typebox";
import { bootstrap } from "./bootstrap";
import { systemClock } from "./clock";
import { commonEnv, readConfig } from "./config";
import { errorMessage } from "./errors/app-error";
import { testServiceKeyEnv } from "./testing/tokens";

const aConfig = (over: Record<string, string>) =>
  readConfig(t.Object(commonEnv), { PORT: "0", REDIS_URL: "redis://h", LOG_LEVEL: "silent", ...over });

describe("bootstrap", () => {
  test("configures log, clock and service tokens", async () => {
    const service = await bootstrap("order", aConfig(await testServiceKeyEnv("order")));
    expect(service.clock).toBe(systemClock);
    expect(service.log.level).toBe("silent");
    expect(await service.tokens.verify(`Bearer ${await service.tokens.for("order")}`, ["order"])).toBe("order");
    await service.lifecycle.close();
  });
  test.each(["SERVICE_KEY", "SERVICE_KEYS"])("an invalid %s is named without its value", async (name) => {
    const config = aConfig({ ...(await testServiceKeyEnv("order")), [name]: "hunter2" });
    const error = await bootstrap("order", config).catch((thrown) => thrown);
    expect(errorMessage(error)).toContain(name);
    expect(errorMessage(error)).not.toContain("hunter2");
  });
});
