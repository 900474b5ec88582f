import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { type AddressInfo, createServer } from "node:net";
import { AppError } from "../errors/app-error";
import { breakerOpen, registry } from "../telemetry/metrics";
import { inSpan, startTelemetry } from "../telemetry/tracing";
import { eventually } from "../testing/eventually";
import { testServiceTokens } from "../testing/tokens";
import { httpClient } from "./client";

const { order, user } = await testServiceTokens("order", "user");
let answer: (request: Request) => Response | Promise<Response>;
let requests: Request[] = [];
let server: Bun.Server<undefined>;

beforeAll(async () => {
  await startTelemetry("test", undefined);
  server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch(request) {
      requests.push(request);
      return answer(request);
    },
  });
});
beforeEach(() => {
  requests = [];
});
afterAll(() => server.stop(true));

const aClient = (o: Partial<Parameters<typeof httpClient>[0]> = {}) =>
  httpClient({ target: "user", baseUrl: `http://127.0.0.1:${server.port}`, tokens: order, ...o });
const failure = (call: Promise<unknown>): Promise<AppError> =>
  call.then(
    () => {
      throw new Error("the call succeeded");
    },
    (error) => {
      expect(error).toBeInstanceOf(AppError);
      return error;
    },
  );
const unavailable = { code: "user.unavailable", kind: "unavailable" } as const;

describe("a call", () => {
  test("sends the service token, the trace and the body", async () => {
    answer = async (request) => Response.json({ got: await request.json() });
    const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    const got = await inSpan("work", { traceparent }, () => aClient().post<unknown>("/internal/x", { a: 1 }));
    expect(got).toEqual({ got: { a: 1 } });
    const request = requests[0] as Request;
    expect(request.headers.get("traceparent")).toContain("4bf92f3577b34da6a3ce929d0e0e4736");
    expect(await user.verify(request.headers.get("authorization") ?? "", ["order"])).toBe("order");
    expect(new URL(request.url).pathname).toBe("/internal/x");
  });
  test("returns undefined for an empty response", async () => {
    answer = () => new Response(null, { status: 204 });
    expect(await aClient().post("/x", {})).toBeUndefined();
  });
  test("is measured by outcome", async () => {
    answer = () => Response.json({});
    await aClient({ target: "measured" }).get("/x");
    expect(await registry.metrics()).toMatch(/http_client_duration_seconds_count\{target="measured",outcome="ok"\} 1/);
  });
});

describe("a failure of the callee", () => {
  test("is retried for a GET", async () => {
    answer = () => (requests.length < 3 ? new Response("", { status: 503 }) : Response.json({ ok: true }));
    expect(await aClient().get<unknown>("/x")).toEqual({ ok: true });
    expect(requests).toHaveLength(3);
  });
  test("is retried twice at most", async () => {
    answer = () => new Response("", { status: 500 });
    expect(await failure(aClient().get("/x"))).toMatchObject(unavailable);
    expect(requests).toHaveLength(3);
  });
  test("is not retried for a POST, which may have had its effect", async () => {
    answer = () => new Response("", { status: 503 });
    expect(await failure(aClient().post("/x", {}))).toMatchObject(unavailable);
    expect(requests).toHaveLength(1);
  });
  test("to accept connections is reported as <target>.unavailable", async () => {
    const error = await failure(aClient({ baseUrl: "http://127.0.0.1:1" }).get("/x"));
    expect(error).toMatchObject({ ...unavailable, retryAfterSeconds: 2 });
  });
  test("to answer in time is reported as <target>.unavailable, and the request is aborted", async () => {
    answer = () => new Promise(() => {});
    expect(await failure(aClient({ timeoutMs: 50 }).post("/x", {}))).toMatchObject(unavailable);
    await eventually(() => requests[0]?.signal.aborted);
  });
  test("to answer in JSON is reported as <target>.unavailable, without a retry", async () => {
    answer = () => new Response("<html>");
    expect(await failure(aClient().get("/x"))).toMatchObject(unavailable);
    expect(requests).toHaveLength(1);
  });
  test("in the middle of a response is retried", async () => {
    let connections = 0;
    const broken = createServer((socket) => {
      connections++;
      socket.once("data", () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"ok":'));
    });
    await new Promise<void>((resolve) => broken.listen(0, "127.0.0.1", resolve));
    const { port } = broken.address() as AddressInfo;
    expect(await failure(aClient({ baseUrl: `http://127.0.0.1:${port}` }).get("/x"))).toMatchObject(unavailable);
    expect(connections).toBeGreaterThan(1);
    broken.close();
  });
});

describe("a 4xx", () => {
  const problem = (status: number) => () => Response.json({ code: "thing.bad", title: "It is bad." }, { status });
  test.each([
    [404, "not_found"],
    [409, "conflict"],
    [422, "invalid"],
    [400, "invalid"],
    [429, "unavailable"],
  ])("with status %p has the kind %s and the callee's code", async (status, kind) => {
    answer = problem(status);
    expect(await failure(aClient().get("/x"))).toMatchObject({ kind, code: "thing.bad", public: "It is bad." });
    expect(requests).toHaveLength(1);
  });
  test.each([401, 403])("that refuses the service token (%p) is an internal error", async (status) => {
    answer = problem(status);
    const error = await failure(aClient().get("/x"));
    expect(error).toMatchObject({ kind: "internal", code: "user.refused", public: "Something went wrong." });
  });
  test("without problem details has the code <target>.refused", async () => {
    answer = () => new Response("<html>", { status: 404 });
    expect(await failure(aClient().get("/x"))).toMatchObject({ kind: "not_found", code: "user.refused" });
  });
});

describe("the circuit breaker", () => {
  const openMetric = async (target: string) =>
    (await breakerOpen.get()).values.find((value) => value.labels.target === target)?.value;
  test("opens after 8 failures in a row, and closes by itself", async () => {
    const client = aClient({ target: "breaking" });
    answer = () => new Response("", { status: 500 });
    for (let count = 0; count < 8; count++) await failure(client.post("/x", {}));
    expect(await openMetric("breaking")).toBe(1);
    requests = [];
    expect(await failure(client.post("/x", {}))).toMatchObject({ code: "breaking.unavailable" });
    expect(requests).toHaveLength(0);
    answer = () => Response.json({ ok: true });
    expect(await eventually(() => client.get<unknown>("/x"))).toEqual({ ok: true });
    expect(await openMetric("breaking")).toBe(0);
  });
  test("stays closed after 4xx responses", async () => {
    const client = aClient({ target: "refusing" });
    answer = () => Response.json({ code: "thing.not_found" }, { status: 404 });
    for (let count = 0; count < 12; count++) await failure(client.get("/x"));
    expect(await openMetric("refusing")).toBe(0);
  });
});

describe("several instances", () => {
  const down = "http://127.0.0.1:1";
  const up = () => `http://127.0.0.1:${server.port}`;
  test("take turns, and a GET is retried at the next one", async () => {
    answer = () => Response.json({ ok: true });
    const client = aClient({ target: "turns", baseUrl: `${down},${up()}` });
    for (let count = 0; count < 20; count++) expect(await client.get<unknown>("/x")).toEqual({ ok: true });
    expect(requests).toHaveLength(20);
  });
  test("with one down: its breaker opens, and a POST goes to the other", async () => {
    answer = () => Response.json({ ok: true });
    const client = aClient({ target: "one-down", baseUrl: `${down},${up()}` });
    for (let count = 0; count < 16; count++) await client.post("/x", {}).catch(() => {});
    expect(requests).toHaveLength(8);
    for (let count = 0; count < 4; count++) expect(await client.post<unknown>("/x", {})).toEqual({ ok: true });
    const metric = (await breakerOpen.get()).values.find(({ labels }) => labels.target === "one-down");
    expect(metric?.value).toBe(0);
  });
});

test("no more than maxConcurrent calls run and 512 wait; the rest are refused", async () => {
  let running = 0;
  let runningMax = 0;
  answer = async () => {
    runningMax = Math.max(runningMax, ++running);
    await Bun.sleep(5);
    running--;
    return Response.json({});
  };
  const client = aClient({ maxConcurrent: 4, timeoutMs: 10_000 });
  const results = await Promise.allSettled(Array.from({ length: 600 }, () => client.get("/x")));
  expect(runningMax).toBe(4);
  const refused = results.filter((result) => result.status === "rejected");
  expect(refused).toHaveLength(600 - 4 - 512);
  expect(refused[0]?.reason).toMatchObject({ ...unavailable, retryAfterSeconds: 1 });
});
