import { Elysia } from "elysia";
import { serve } from "../../serve";
import { startTelemetry } from "../../telemetry";
import { silentLog } from "../log";

/** A service that says which port it has, to be ended by a signal. `CLOSE=hangs`: its store never closes. */
await startTelemetry("child", undefined);
const server = serve({
  service: "child",
  host: "127.0.0.1",
  port: 0,
  routes: new Elysia()
    .get("/slow", async () => {
      console.log("slow");
      await Bun.sleep(400);
      return { done: true };
    })
    .get("/endless", async function* () {
      yield "on";
      await new Promise(() => {});
    }),
  health: { store: async () => {}, queue: () => true },
  log: silentLog,
  drainLimitMs: 1_000,
  exitLimitMs: 2_000,
  close: [
    () => Promise.reject(new Error("one that fails keeps nobody from closing")),
    () => (process.env.CLOSE === "hangs" ? new Promise(() => {}) : Promise.resolve()),
    async () => console.log("closed"),
  ],
});
console.log(server.port);
