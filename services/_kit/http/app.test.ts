import { beforeAll, describe, expect, test } from "bun:test";
import { Writable } from "node:stream";
import { Elysia, t } from "elysia";
import pino from "pino";
import { AppError, httpStatus } from "../errors/app-error";
import type { Problem } from "../errors/problem";
import { startTelemetry } from "../telemetry/tracing";
import { silentLog } from "../testing/log";
import { createApp } from "./app";

const routes = new Elysia()
  .post("/things", ({ body }) => body, { body: t.Object({ name: t.String(), size: t.Optional(t.Integer()) }) })
  .get("/things/:id", ({ params }) => params)
  .get("/list", ({ query }) => query, { query: t.Object({ limit: t.Integer({ minimum: 1 }) }) })
  .get("/taken", () => {
    throw new AppError("thing.taken", { kind: "conflict", public: "It is taken.", internal: "by bob" });
  })
  .get("/busy", () => {
    throw new AppError("thing.busy", { kind: "throttled", public: "Later.", retryAfterSeconds: 7 });
  })
  .get("/secret", () => {
    throw new AppError("auth.token_missing", { kind: "unauthenticated", public: "Sign in first." });
  })
  .get("/broken", () => {
    throw new Error("password=hunter2 at /srv/app.ts");
  })
  .get("/store-outage", () => {
    throw Object.assign(new Error("connect ECONNREFUSED 10.0.0.7:5432"), { code: "ECONNREFUSED" });
  })
  .get("/rejected", async () => {
    throw "a string";
  })
  .get("/invalid-response", () => ({ token: "very-secret" }) as never, {
    response: { 200: t.Object({ id: t.String() }) },
  });

function anApp() {
  const lines: string[] = [];
  const log = pino(
    new Writable({
      write(chunk, _encoding, done) {
        lines.push(String(chunk));
        done();
      },
    }),
  );
  const app = createApp({
    service: "things",
    serving: { routes, health: { store: async () => {}, queue: () => true } },
    log,
    draining: () => false,
  });
  const send = async (method: string, path: string, init: { body?: string; headers?: Record<string, string> } = {}) => {
    const headers = { ...(init.body !== undefined && { "content-type": "application/json" }), ...init.headers };
    const response = await app.handle(new Request(`http://things.test${path}`, { method, headers, body: init.body }));
    const text = await response.text();
    const isJson = response.headers.get("content-type")?.includes("json");
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: (isJson ? JSON.parse(text) : {}) as Problem,
    };
  };
  return { send, lines };
}

beforeAll(() => startTelemetry("test", undefined));

describe("every error is problem+json with a code and a trace id", () => {
  const { send } = anApp();
  const body = (text: string, type?: string) => ({
    body: text,
    ...(type !== undefined && { headers: { "content-type": type } }),
  });
  test.each([
    ["malformed JSON", "POST", "/things", body('{"name":'), 400, "request.malformed"],
    ["NUL in a string", "POST", "/things", body('{"name":"a\\u0000"}'), 400, "request.malformed"],
    ["NUL in a field name", "POST", "/things", body('{"name":"a","b\\u0000":1}'), 400, "request.malformed"],
    ["a field named toString", "POST", "/things", body('{"name":{"toString":1}}'), 400, "request.malformed"],
    [
      "a field named toString, escaped",
      "POST",
      "/things",
      body('{"name":{"to\\u0053tring":1}}'),
      400,
      "request.malformed",
    ],
    ["an unpaired surrogate", "POST", "/things", body('{"name":"\\ud800"}'), 400, "request.malformed"],
    ["NUL in the URL", "GET", "/things/a%00b", {}, 400, "request.malformed"],
    [
      "a form body",
      "POST",
      "/things",
      body("name=a", "application/x-www-form-urlencoded"),
      415,
      "request.unsupported_media_type",
    ],
    ["a plain text body", "POST", "/things", body('{"name":"a"}', "text/plain"), 415, "request.unsupported_media_type"],
    ["a missing body", "POST", "/things", {}, 422, "request.invalid"],
    ["an invalid field", "POST", "/things", body('{"name":1}'), 422, "request.invalid"],
    ["an invalid query", "GET", "/list?limit=0", {}, 422, "request.invalid"],
    ["an unknown route", "GET", "/nowhere", {}, 404, "route.not_found"],
    ["an unknown method", "PATCH", "/things", body("{}"), 404, "route.not_found"],
    ["an AppError", "GET", "/taken", {}, 409, "thing.taken"],
    ["a throttled request", "GET", "/busy", {}, 429, "thing.busy"],
    ["an unauthenticated request", "GET", "/secret", {}, 401, "auth.token_missing"],
    ["an unexpected error", "GET", "/broken", {}, 500, "internal"],
    ["an unexpected rejection", "GET", "/rejected", {}, 500, "internal"],
    ["a store outage", "GET", "/store-outage", {}, 503, "store.unavailable"],
    ["a response that does not match its schema", "GET", "/invalid-response", {}, 500, "internal"],
    ["a card number in the body", "POST", "/things", body('{"name":"4111111111111111"}'), 422, "card_number.refused"],
  ])("%s", async (_error, method, path, init, status, code) => {
    const answer = await send(method, path, init);
    expect(answer).toMatchObject({ status, body: { type: `urn:shop:error:${code}`, status, code } });
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
    expect(answer.body.traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(answer.body.title).not.toBe("");
  });

  test("a validation error names each invalid field without its value", async () => {
    const { body: problem, text } = await send("POST", "/things", body('{"name":4321,"size":"huge"}'));
    expect(problem.errors?.map((error) => error.path)).toEqual(["/name", "/size"]);
    expect(text).not.toContain("4321");
    expect(text).not.toContain("huge");
  });
  test("internal details are not in the response", async () => {
    const unexpected = await send("GET", "/broken");
    expect(unexpected.text).not.toMatch(/hunter2|app\.ts|stack/);
    expect((await send("GET", "/taken")).text).not.toContain("bob");
    expect((await send("GET", "/store-outage")).text).not.toContain("10.0.0.7");
  });
  test("Retry-After and WWW-Authenticate are sent where they apply", async () => {
    expect((await send("GET", "/busy")).headers.get("retry-after")).toBe("7");
    expect((await send("GET", "/taken")).headers.get("retry-after")).toBeNull();
    expect((await send("GET", "/secret")).headers.get("www-authenticate")).toBe("Bearer");
  });
  test("each kind of error has a different status", () => {
    expect(new Set(Object.values(httpStatus)).size).toBe(Object.keys(httpStatus).length);
  });
});

test("the media type is compared without case and parameters, as RFC 9110 requires", async () => {
  const { send } = anApp();
  for (const type of ["Application/JSON", "application/json; charset=utf-8"])
    expect((await send("POST", "/things", { body: '{"name":"a"}', headers: { "content-type": type } })).status).toBe(
      200,
    );
});

describe("the log", () => {
  test("has one line per request, and none for operators' requests", async () => {
    const { send, lines } = anApp();
    await send("GET", "/things/1");
    await send("GET", "/health");
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] as string)).toMatchObject({ method: "GET", path: "/things/1", status: 200 });
  });
  test("has an unexpected error with its message", async () => {
    const { send, lines } = anApp();
    await send("GET", "/broken");
    expect(lines.join()).toContain("hunter2");
  });
  test("names the invalid fields of a response without their values", async () => {
    const { send, lines } = anApp();
    await send("GET", "/invalid-response");
    expect(lines.join()).toContain("/id");
    expect(lines.join()).not.toContain("very-secret");
  });
});

describe("the trace id", () => {
  const { send } = anApp();
  test("of the caller is used", async () => {
    const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    const { body } = await send("GET", "/nowhere", { headers: { traceparent } });
    expect(body.traceId).toBe("4bf92f3577b34da6a3ce929d0e0e4736");
  });
  test.each([undefined, "nonsense", "00-00000000000000000000000000000000-0000000000000000-01"])(
    "is new with %p",
    async (traceparent) => {
      const headers: Record<string, string> = traceparent === undefined ? {} : { traceparent };
      const [first, second] = [await send("GET", "/nowhere", { headers }), await send("GET", "/nowhere", { headers })];
      expect(first.body.traceId).toMatch(/^(?!0+$)[0-9a-f]{32}$/);
      expect(second.body.traceId).not.toBe(first.body.traceId);
    },
  );
});

describe("a card number in the body is refused", () => {
  const { send } = anApp();
  test.each([
    ["plain", '{"name":"4111111111111111"}'],
    ["with spaces", '{"name":"4111 1111 1111 1111"}'],
    ["with hyphens", '{"name":"4111-1111-1111-1111"}'],
    ["unicode-escaped", '{"name":"\\u0034111111111111111"}'],
    ["with escaped spaces", '{"name":"4111\\u00201111\\u00a01111\\u20111111"}'],
    ["as a number", '{"name":"a","size":4111111111111111}'],
    ["as a number with exponent", '{"name":"a","size":4.111111111111111e15}'],
    ["as a number with an upper-case exponent", '{"name":"a","size":4111.111111111111E+12}'],
    ["as a field name", '{"name":"a","4111111111111111":1}'],
    ["in a field that is not in the schema", '{"name":"a","deep":[{"er":"4111111111111111"}]}'],
  ])("%s", async (_form, body) => {
    expect(await send("POST", "/things", { body })).toMatchObject({
      status: 422,
      body: { code: "card_number.refused" },
    });
  });
  test("and is not logged", async () => {
    const { send: sendLogged, lines } = anApp();
    await sendLogged("POST", "/things", { body: '{"name":"4111111111111111"}' });
    expect(lines.join()).not.toContain("4111");
  });
});

test("a card number in the URL is refused and not logged", async () => {
  const { send, lines } = anApp();
  expect((await send("GET", "/things/4111111111111111")).status).toBe(422);
  expect((await send("GET", "/things/%34111111111111111")).status).toBe(422);
  expect(lines.join()).not.toMatch(/4111111111111111|%34111/);
});

test("a service that does not serve yet answers 503 to every request but those of operators", async () => {
  const app = createApp({ service: "things", log: silentLog, draining: () => false });
  const send = (method: string, path: string) => app.handle(new Request(`http://things.test${path}`, { method }));
  for (const [method, path] of [
    ["GET", "/list"],
    ["POST", "/things"],
    ["GET", "/nowhere"],
  ] as const) {
    const answer = await send(method, path);
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "1"]);
    expect(await answer.json()).toMatchObject({ code: "service.not_ready" });
  }
  expect((await send("GET", "/health")).status).toBe(200);
  expect((await send("GET", "/metrics")).status).toBe(200);
  const ready = await send("GET", "/ready");
  expect([ready.status, await ready.json()]).toEqual([503, { status: "starting" }]);
});

describe("the path does not depend on the length of the host", () => {
  const app = createApp({
    service: "x",
    serving: { routes, health: { store: async () => {}, queue: () => true } },
    log: silentLog,
    draining: () => false,
  });
  test.each(["a", "ab", "a.b"])("with the host %p", async (host) => {
    expect((await app.handle(new Request(`http://${host}/things/metrics`))).status).toBe(200);
    expect((await app.handle(new Request(`http://${host}/products/metrics`))).status).toBe(404);
    expect((await app.handle(new Request(`http://${host}/nothing/things/1`))).status).toBe(404);
  });
});
