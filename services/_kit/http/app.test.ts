import { beforeAll, describe, expect, test } from "bun:test";
import { Writable } from "node:stream";
import { Elysia, t } from "elysia";
import pino from "pino";
import { AppError, httpStatus, type Problem } from "../errors/app-error";
import { startTelemetry } from "../telemetry/tracing";
import { silentLog } from "../testing/log";
import { createApp, type Health } from "./app";

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
    throw new AppError("auth.token_missing", { kind: "unauthenticated", public: "Who are you?" });
  })
  .get("/broken", () => {
    throw new Error("password=hunter2 at /srv/app.ts");
  })
  .get("/store-away", () => {
    throw Object.assign(new Error("connect ECONNREFUSED 10.0.0.7:5432"), { code: "ECONNREFUSED" });
  })
  .get("/rejected", async () => {
    throw "a string";
  })
  .get("/off-schema", () => ({ token: "very-secret" }) as never, { response: { 200: t.Object({ id: t.String() }) } });

function anApp(health: Partial<Health> = {}, draining = false) {
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
    routes,
    health: { store: async () => {}, queue: () => true, ...health },
    log,
    draining: () => draining,
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
  return { send, lines, app };
}

beforeAll(() => startTelemetry("test", undefined));

describe("every failure is problem+json with a code and a trace id", () => {
  const { send } = anApp();
  const body = (text: string, type?: string) => ({
    body: text,
    ...(type !== undefined && { headers: { "content-type": type } }),
  });
  test.each([
    ["malformed JSON", "POST", "/things", body('{"name":'), 400, "request.malformed"],
    ["NUL in a string", "POST", "/things", body('{"name":"a\\u0000"}'), 400, "request.malformed"],
    ["NUL in a name", "POST", "/things", body('{"name":"a","b\\u0000":1}'), 400, "request.malformed"],
    ["what cannot be made a text", "POST", "/things", body('{"name":{"toString":1}}'), 400, "request.malformed"],
    ["the same, escaped", "POST", "/things", body('{"name":{"to\\u0053tring":1}}'), 400, "request.malformed"],
    ["half a character", "POST", "/things", body('{"name":"\\ud800"}'), 400, "request.malformed"],
    ["NUL in the URL", "GET", "/things/a%00b", {}, 400, "request.malformed"],
    [
      "a form",
      "POST",
      "/things",
      body("name=a", "application/x-www-form-urlencoded"),
      415,
      "request.unsupported_media_type",
    ],
    ["plain text", "POST", "/things", body('{"name":"a"}', "text/plain"), 415, "request.unsupported_media_type"],
    ["no body", "POST", "/things", {}, 422, "request.invalid"],
    ["a wrong field", "POST", "/things", body('{"name":1}'), 422, "request.invalid"],
    ["a wrong query", "GET", "/list?limit=0", {}, 422, "request.invalid"],
    ["an unknown route", "GET", "/nowhere", {}, 404, "route.not_found"],
    ["an unknown method", "PATCH", "/things", body("{}"), 404, "route.not_found"],
    ["a refusal", "GET", "/taken", {}, 409, "thing.taken"],
    ["too often", "GET", "/busy", {}, 429, "thing.busy"],
    ["nobody", "GET", "/secret", {}, 401, "auth.token_missing"],
    ["an unexpected error", "GET", "/broken", {}, 500, "internal"],
    ["an unexpected rejection", "GET", "/rejected", {}, 500, "internal"],
    ["a store that is away", "GET", "/store-away", {}, 503, "store.unavailable"],
    ["an answer off its schema", "GET", "/off-schema", {}, 500, "internal"],
    ["a card number", "POST", "/things", body('{"name":"4111111111111111"}'), 422, "card_number.refused"],
  ])("%s", async (_what, method, path, init, status, code) => {
    const answer = await send(method, path, init);
    expect(answer).toMatchObject({ status, body: { type: `urn:shop:error:${code}`, status, code } });
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
    expect(answer.body.traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(answer.body.title).not.toBe("");
  });

  test("validation names each bad field, without its value", async () => {
    const { body: problem, text } = await send("POST", "/things", body('{"name":4321,"size":"huge"}'));
    expect(problem.errors?.map((error) => error.path)).toEqual(["/name", "/size"]);
    expect(text).not.toContain("4321");
    expect(text).not.toContain("huge");
  });
  test("what is ours alone is not told", async () => {
    const unexpected = await send("GET", "/broken");
    expect(unexpected.text).not.toMatch(/hunter2|app\.ts|stack/);
    expect((await send("GET", "/taken")).text).not.toContain("bob");
    expect((await send("GET", "/store-away")).text).not.toContain("10.0.0.7");
  });
  test("when to come back and how to sign in are told", async () => {
    expect((await send("GET", "/busy")).headers.get("retry-after")).toBe("7");
    expect((await send("GET", "/taken")).headers.get("retry-after")).toBeNull();
    expect((await send("GET", "/secret")).headers.get("www-authenticate")).toBe("Bearer");
  });
  test("each kind of error has a status of its own", () => {
    expect(new Set(Object.values(httpStatus)).size).toBe(Object.keys(httpStatus).length);
  });
});

test("the media type is read as RFC 9110 says: without regard to case or parameters", async () => {
  const { send } = anApp();
  for (const type of ["Application/JSON", "application/json; charset=utf-8"])
    expect((await send("POST", "/things", { body: '{"name":"a"}', headers: { "content-type": type } })).status).toBe(
      200,
    );
});

describe("the log", () => {
  test("has one line a request, in its trace, and none for operators' requests", async () => {
    const { send, lines } = anApp();
    await send("GET", "/things/1");
    await send("GET", "/health");
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] as string)).toMatchObject({ method: "GET", path: "/things/1", status: 200 });
  });
  test("has an unexpected error in full", async () => {
    const { send, lines } = anApp();
    await send("GET", "/broken");
    expect(lines.join()).toContain("hunter2");
  });
  test("says what is wrong with an answer, not what is in it", async () => {
    const { send, lines } = anApp();
    await send("GET", "/off-schema");
    expect(lines.join()).toContain("/id");
    expect(lines.join()).not.toContain("very-secret");
  });
});

describe("the trace", () => {
  const { send } = anApp();
  test("of the caller is joined", async () => {
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

describe("a card number in a body is refused", () => {
  const { send } = anApp();
  test.each([
    ["plain", '{"name":"4111111111111111"}'],
    ["spaced", '{"name":"4111 1111 1111 1111"}'],
    ["dashed", '{"name":"4111-1111-1111-1111"}'],
    ["unicode-escaped", '{"name":"\\u0034111111111111111"}'],
    ["with escaped spaces", '{"name":"4111\\u00201111\\u00a01111\\u20111111"}'],
    ["as a number", '{"name":"a","size":4111111111111111}'],
    ["as a number with exponent", '{"name":"a","size":4.111111111111111e15}'],
    ["as a number with a large exponent letter", '{"name":"a","size":4111.111111111111E+12}'],
    ["as a field's name", '{"name":"a","4111111111111111":1}'],
    ["in a field nobody asked for", '{"name":"a","deep":[{"er":"4111111111111111"}]}'],
  ])("%s", async (_how, body) => {
    expect(await send("POST", "/things", { body })).toMatchObject({
      status: 422,
      body: { code: "card_number.refused" },
    });
  });
  test("and its request is not logged with it", async () => {
    const { send: sendLogged, lines } = anApp();
    await sendLogged("POST", "/things", { body: '{"name":"4111111111111111"}' });
    expect(lines.join()).not.toContain("4111");
  });
});

test("a card number in a URL is refused before it is logged", async () => {
  const { send, lines } = anApp();
  expect((await send("GET", "/things/4111111111111111")).status).toBe(422);
  expect((await send("GET", "/things/%34111111111111111")).status).toBe(422);
  expect(lines.join()).not.toMatch(/4111111111111111|%34111/);
});

describe("what operators ask", () => {
  test("alive as long as the process is, whatever the store does", async () => {
    const { send } = anApp({ store: () => Promise.reject(new Error("down")) });
    expect(await send("GET", "/health")).toMatchObject({ status: 200, body: { status: "ok" } });
  });
  const down = () => Promise.reject(new Error("down"));
  test.each([
    ["all is well", {}, false, 200, "ready"],
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
    ["it is draining", {}, true, 503, "draining"],
  ] as [string, Partial<Health>, boolean, number, string][])(
    "ready while %s",
    async (_when, health, draining, status, text) => {
      expect(await anApp(health, draining).send("GET", "/ready")).toMatchObject({ status, body: { status: text } });
    },
  );

  test("metrics name routes by their pattern, whatever was asked", async () => {
    const { send, app } = anApp();
    for (let id = 0; id < 5; id++) await send("GET", `/things/metric-${id}`);
    await send("GET", "/no/such/route");
    await send("POST", "/things", { body: "{" });
    await app.handle(new Request("http://things.test/things/1", { method: "PROPFIND" }));
    const { text, headers } = await send("GET", "/metrics");
    expect(headers.get("content-type")).toContain("text/plain");
    expect(text).toMatch(/http_request_duration_seconds_count\{method="GET",route="\/things\/:id",status="200"\} \d/);
    expect(text).toContain('route="none",status="404"');
    expect(text).toContain('method="POST",route="/things",status="400"');
    expect(text).toContain('method="other"');
    expect(text).not.toMatch(/metric-0|no\/such|PROPFIND/);
  });
  test("the OpenAPI document has the service's routes and no others", async () => {
    const { body } = await anApp().send("GET", "/openapi.json");
    const { paths, info } = body as unknown as { paths: object; info: object };
    expect(info).toMatchObject({ title: "things service" });
    expect(Object.keys(paths)).toContain("/things/{id}");
    expect(Object.keys(paths)).not.toContain("/metrics");
  });
});

describe("the path is read from the URL alone", () => {
  const app = createApp({
    service: "x",
    routes,
    health: { store: async () => {}, queue: () => true },
    log: silentLog,
    draining: () => false,
  });
  test.each(["a", "ab", "a.b"])("with the host %p too", async (host) => {
    expect((await app.handle(new Request(`http://${host}/things/metrics`))).status).toBe(200);
    expect((await app.handle(new Request(`http://${host}/products/metrics`))).status).toBe(404);
    expect((await app.handle(new Request(`http://${host}/nothing/things/1`))).status).toBe(404);
  });
});
