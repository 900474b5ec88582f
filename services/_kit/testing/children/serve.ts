import { Elysia } from "elysia";
import { openServer } from "../../http/server";
import { createLifecycle } from "../../lifecycle";
import { startTelemetry } from "../../telemetry/tracing";
import { silentLog } from "../log";

/**
 * A service that prints its port and is stopped by a signal. With `CLOSE=hangs` one of its parts never closes, and with
 * `STARTING=yes` it never serves.
 */
await startTelemetry("child", undefined);
const lifecycle = createLifecycle(silentLog);
lifecycle.use("last", async () => console.log("closed"));
lifecycle.use("second", () => (process.env.CLOSE === "hangs" ? new Promise(() => {}) : Promise.resolve()));
lifecycle.use("first", () => Promise.reject(new Error("close failed")));
const server = openServer({
  service: "child",
  host: "127.0.0.1",
  port: 0,
  store: async () => {},
  log: silentLog,
  drainLimitMs: 1_000,
  exitLimitMs: 2_000,
  lifecycle,
});
const routes = new Elysia()
  .get("/slow", async () => {
    console.log("slow");
    await Bun.sleep(400);
    return { done: true };
  })
  .get("/endless", async function* () {
    yield "on";
    await new Promise(() => {});
  });
if (process.env.STARTING !== "yes") server.serve({ routes, queue: () => true });
console.log(server.port);
