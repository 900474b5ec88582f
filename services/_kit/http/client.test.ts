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
let asked: Request[] = [];
let server: Bun.Server<undefined>;

beforeAll(async () => {
  await startTelemetry("test", undefined);
  server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch(request) {
      asked.push(request);
      return answer(request);
    },
  });
});
beforeEach(() => {
  asked = [];
});
afterAll(() => server.stop(true));

const aClient = (o: Partial<Parameters<typeof httpClient>[0]> = {}) =>
  httpClient({ target: "user", baseUrl: `http://127.0.0.1:${server.port}`, tokens: order, ...o });
const failure = (call: Promise<unknown>): Promise<AppError> =>
  call.then(
    () => {
      throw new Error("it succeeded");
    },
    (error) => {
      expect(error).toBeInstanceOf(AppError);
      return error;
    },
  );
const unavailable = { code: "user.unavailable", kind: "unavailable" } as const;

describe("a call", () => {
  test("carries the service's token, the trace and the body", async () => {
    answer = async (request) => Response.json({ got: await request.json() });
    const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    const got = await inSpan("work", { traceparent }, () => aClient().post<unknown>("/internal/x", { a: 1 }));
    expect(got).toEqual({ got: { a: 1 } });
    const request = asked[0] as Request;
    expect(request.headers.get("traceparent")).toContain("4bf92f3577b34da6a3ce929d0e0e4736");
    expect(await user.verify(request.headers.get("authorization") ?? "", ["order"])).toBe("order");
    expect(new URL(request.url).pathname).toBe("/internal/x");
  });
  test("may be answered with nothing", async () => {
    answer = () => new Response(null, { status: 204 });
    expect(await aClient().post("/x", {})).toBeUndefined();
  });
  test("is measured by what became of it", async () => {
    answer = () => Response.json({});
    await aClient({ target: "measured" }).get("/x");
    expect(await registry.metrics()).toMatch(/http_client_duration_seconds_count\{target="measured",outcome="ok"\} 1/);
  });
});

describe("trouble on the other side", () => {
  test("is tried again for a read", async () => {
    answer = () => (asked.length < 3 ? new Response("", { status: 503 }) : Response.json({ ok: true }));
    expect(await aClient().get<unknown>("/x")).toEqual({ ok: true });
    expect(asked).toHaveLength(3);
  });
  test("is not tried again for ever", async () => {
    answer = () => new Response("", { status: 500 });
    expect(await failure(aClient().get("/x"))).toMatchObject(unavailable);
    expect(asked).toHaveLength(3);
  });
  test("is not tried again for a post: it may have happened", async () => {
    answer = () => new Response("", { status: 503 });
    expect(await failure(aClient().post("/x", {}))).toMatchObject(unavailable);
    expect(asked).toHaveLength(1);
  });
  test("that nobody answers is unavailable", async () => {
    const error = await failure(aClient({ baseUrl: "http://127.0.0.1:1" }).get("/x"));
    expect(error).toMatchObject({ ...unavailable, retryAfterSeconds: 2 });
  });
  test("that takes too long is given up, and its connection with it", async () => {
    answer = () => new Promise(() => {});
    expect(await failure(aClient({ timeoutMs: 50 }).post("/x", {}))).toMatchObject(unavailable);
    await eventually(() => asked[0]?.signal.aborted);
  });
  test("that is no JSON is unavailable, without another try", async () => {
    answer = () => new Response("<html>");
    expect(await failure(aClient().get("/x"))).toMatchObject(unavailable);
    expect(asked).toHaveLength(1);
  });
  test("in the middle of an answer is tried again", async () => {
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

describe("a refusal", () => {
  const problem = (status: number) => () => Response.json({ code: "thing.bad", title: "It is bad." }, { status });
  test.each([
    [404, "not_found"],
    [409, "conflict"],
    [422, "invalid"],
    [400, "invalid"],
    [429, "unavailable"],
  ])("of %p is %s, with the other side's code", async (status, kind) => {
    answer = problem(status);
    expect(await failure(aClient().get("/x"))).toMatchObject({ kind, code: "thing.bad", public: "It is bad." });
    expect(asked).toHaveLength(1);
  });
  test.each([401, 403])("of our token (%p) is our fault, and not told", async (status) => {
    answer = problem(status);
    const error = await failure(aClient().get("/x"));
    expect(error).toMatchObject({ kind: "internal", code: "user.refused", public: "Something went wrong." });
  });
  test("without problem details is one all the same", async () => {
    answer = () => new Response("<html>", { status: 404 });
    expect(await failure(aClient().get("/x"))).toMatchObject({ kind: "not_found", code: "user.refused" });
  });
});

describe("the breaker", () => {
  const open = async (target: string) =>
    (await breakerOpen.get()).values.find((value) => value.labels.target === target)?.value;
  test("opens after failures in a row, and closes by itself", async () => {
    const client = aClient({ target: "breaking" });
    answer = () => new Response("", { status: 500 });
    for (let count = 0; count < 8; count++) await failure(client.post("/x", {}));
    expect(await open("breaking")).toBe(1);
    asked = [];
    expect(await failure(client.post("/x", {}))).toMatchObject({ code: "breaking.unavailable" });
    expect(asked).toHaveLength(0);
    answer = () => Response.json({ ok: true });
    expect(await eventually(() => client.get<unknown>("/x"))).toEqual({ ok: true });
    expect(await open("breaking")).toBe(0);
  });
  test("is not opened by refusals", async () => {
    const client = aClient({ target: "refusing" });
    answer = () => Response.json({ code: "thing.not_found" }, { status: 404 });
    for (let count = 0; count < 12; count++) await failure(client.get("/x"));
    expect(await open("refusing")).toBe(0);
  });
});

describe("several instances", () => {
  const gone = "http://127.0.0.1:1";
  test("take turns, and a read that finds one gone goes to the next", async () => {
    answer = () => Response.json({ ok: true });
    const here = `http://127.0.0.1:${server.port}`;
    const client = aClient({ target: "turns", baseUrl: `${gone},${here}` });
    for (let count = 0; count < 20; count++) expect(await client.get<unknown>("/x")).toEqual({ ok: true });
    expect(asked).toHaveLength(20);
  });
  test("with one gone, its breaker opens, and what is sent only once goes to the other", async () => {
    answer = () => Response.json({ ok: true });
    const here = `http://127.0.0.1:${server.port}`;
    const client = aClient({ target: "one-gone", baseUrl: `${gone},${here}` });
    for (let count = 0; count < 16; count++) await client.post("/x", {}).catch(() => {});
    expect(asked).toHaveLength(8);
    for (let count = 0; count < 4; count++) expect(await client.post<unknown>("/x", {})).toEqual({ ok: true });
    const metric = (await breakerOpen.get()).values.find(({ labels }) => labels.target === "one-gone");
    expect(metric?.value).toBe(0);
  });
});

test("no more calls at a time than there is room for", async () => {
  let atOnce = 0;
  let most = 0;
  answer = async () => {
    most = Math.max(most, ++atOnce);
    await Bun.sleep(5);
    atOnce--;
    return Response.json({});
  };
  const client = aClient({ maxConcurrent: 4, timeoutMs: 10_000 });
  const results = await Promise.allSettled(Array.from({ length: 600 }, () => client.get("/x")));
  expect(most).toBe(4);
  const refused = results.filter((result) => result.status === "rejected");
  expect(refused).toHaveLength(600 - 4 - 512);
  expect(refused[0]?.reason).toMatchObject({ ...unavailable, retryAfterSeconds: 1 });
});
