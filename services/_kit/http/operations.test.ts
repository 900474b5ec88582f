import { describe, expect, test } from "bun:test";
import { Elysia, t } from "elysia";
import { silentLog } from "../testing/log";
import { createApp } from "./app";
import type { Health } from "./operations";

const routes = new Elysia()
  .post("/things", ({ body }) => body, { body: t.Object({ name: t.String() }) })
  .get("/things/:id", ({ params }) => params);

function anApp(health: Partial<Health> = {}, draining = false) {
  const app = createApp({
    service: "things",
    serving: { routes, health: { store: async () => {}, queue: () => true, ...health } },
    log: silentLog,
    draining: () => draining,
  });
  return (method: string, path: string, body?: string) => {
    const headers = { "content-type": "application/json" };
    return app.handle(new Request(`http://things.test${path}`, { method, headers, body }));
  };
}

describe("health and readiness", () => {
  const down = () => Promise.reject(new Error("down"));
  test("/health is ok while the process runs, even if the store is down", async () => {
    const answer = await anApp({ store: down })("GET", "/health");
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ status: "ok" });
  });
  test.each([
    ["everything works", {}, false, 200, "ready"],
    ["the queue is down", { queue: () => false }, false, 200, "degraded"],
    ["the store is down", { store: down }, false, 503, "store unavailable"],
    [
      "the store throws",
      {
        store: () => {
          throw new Error("no pool");
        },
      },
      false,
      503,
      "store unavailable",
    ],
    ["the store hangs", { store: () => new Promise(() => {}), storeTimeoutMs: 20 }, false, 503, "store unavailable"],
    ["the service drains", {}, true, 503, "draining"],
  ] as [string, Partial<Health>, boolean, number, string][])(
    "/ready while %s",
    async (_when, health, draining, status, text) => {
      const answer = await anApp(health, draining)("GET", "/ready");
      expect(answer.status).toBe(status);
      expect(await answer.json()).toMatchObject({ status: text });
    },
  );
});

test("metrics label requests with the route pattern, never with what the caller sent", async () => {
  const send = anApp();
  for (let id = 0; id < 5; id++) await send("GET", `/things/metric-${id}`);
  await send("GET", "/no/such/route");
  await send("POST", "/things", "{");
  await send("PROPFIND", "/things/1");
  const answer = await send("GET", "/metrics");
  const text = await answer.text();
  expect(answer.headers.get("content-type")).toContain("text/plain");
  expect(text).toMatch(/http_request_duration_seconds_count\{method="GET",route="\/things\/:id",status="200"\} \d/);
  expect(text).toContain('route="none",status="404"');
  expect(text).toContain('method="POST",route="/things",status="400"');
  expect(text).toContain('method="other"');
  expect(text).not.toMatch(/metric-0|no\/such|PROPFIND/);
});

test("the OpenAPI document has the service's public routes only", async () => {
  const answer = await anApp()("GET", "/openapi.json");
  const { paths, info } = (await answer.json()) as { paths: object; info: object };
  expect(info).toMatchObject({ title: "things service" });
  expect(Object.keys(paths)).toContain("/things/{id}");
  expect(Object.keys(paths)).not.toContain("/metrics");
});
