import { beforeAll, describe, expect, test } from "bun:test";
import { inSharedSpan, inSpan, startTelemetry, traceId, traceparent } from "./tracing";

beforeAll(() => startTelemetry("test", undefined));

const caller = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

describe("a span", () => {
  test("has a trace id; there is none outside a span", async () => {
    expect(traceId()).toBe("");
    expect(traceparent()).toBeUndefined();
    expect(inSpan("work", { root: true }, traceId)).toMatch(/^[0-9a-f]{32}$/);
    expect(traceId()).toBe("");
  });
  test("joins the caller's trace and passes it on", () => {
    expect(inSpan("work", { traceparent: caller }, traceparent)).toContain("4bf92f3577b34da6a3ce929d0e0e4736");
  });
  test("keeps its trace across awaits, also with concurrent spans", async () => {
    const traced = () =>
      inSpan("work", { root: true }, async () => {
        const before = traceId();
        await Bun.sleep(1);
        return inSpan("part", {}, async () => [before, traceId()] as const);
      });
    const pairs = await Promise.all(Array.from({ length: 20 }, traced));
    for (const [before, after] of pairs) expect(after).toBe(before);
    expect(new Set(pairs.flat()).size).toBe(20);
  });
  test("with root starts a new trace inside another span", () => {
    const [outer, inner] = inSpan("a", { root: true }, () => [traceId(), inSpan("b", { root: true }, traceId)]);
    expect(inner).not.toBe(outer);
  });
  test("passes on what its work throws or rejects with", async () => {
    const fails = () => {
      throw new Error("no");
    };
    expect(() => inSpan("work", {}, fails)).toThrow("no");
    await expect(inSpan("work", {}, () => Promise.reject(new Error("later")))).rejects.toThrow("later");
    await expect(inSpan("work", {}, () => Promise.reject("not an Error"))).rejects.toBe("not an Error");
  });
});

test("shared work of one caller is in its trace; of several, in none of theirs", () => {
  const other = caller.replace("4bf9", "5bf9");
  expect(inSharedSpan("work", [caller], traceparent)).toBe(caller);
  expect(
    inSpan("ambient", { traceparent: other }, () => inSharedSpan("work", [undefined], traceparent)),
  ).toBeUndefined();
  const shared = inSharedSpan("work", [caller, other, undefined], traceId);
  expect(shared).toMatch(/^[0-9a-f]{32}$/);
  expect([caller, other].join()).not.toContain(shared);
});

test("flush without an exporter does nothing", async () => {
  const flush = await startTelemetry("test", undefined);
  expect(await flush()).toBeUndefined();
});

test("flush ends when the collector is unreachable", async () => {
  const flush = await startTelemetry("test", "http://127.0.0.1:1");
  inSpan("work", { root: true }, () => {});
  await Promise.race([flush().catch(() => {}), Bun.sleep(4_000)]);
  expect(inSpan("work", { root: true }, traceId)).toMatch(/^[0-9a-f]{32}$/);
});

test("with an endpoint spans are exported, and a root span has no parent", async () => {
  const bodies: unknown[] = [];
  const collector = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      bodies.push({ path: new URL(request.url).pathname, body: await request.json() });
      return Response.json({});
    },
  });
  const code = `import { inSpan, startTelemetry, traceId } from "./tracing";
    const flush = await startTelemetry("order", "http://127.0.0.1:${collector.port}");
    await inSpan("root", { root: true }, async () => inSpan("part", {}, async () => {}));
    await inSpan("joined", { traceparent: "${caller}" }, async () => { throw new Error("no"); }).catch(() => {});
    await flush();`;
  const child = Bun.spawn([process.execPath, "-e", code], { cwd: import.meta.dir, stderr: "inherit" });
  expect(await child.exited).toBe(0);
  await collector.stop(true);
  const text = JSON.stringify(bodies);
  expect(text).toContain("/v1/traces");
  type Span = { name: string; traceId: string; parentSpanId?: string; status: { code?: number } };
  const spans = (bodies as { body: { resourceSpans: { scopeSpans: { spans: Span[] }[] }[] } }[]).flatMap(({ body }) =>
    body.resourceSpans.flatMap((resource) => resource.scopeSpans.flatMap((scope) => scope.spans)),
  );
  const named = (name: string) => spans.find((span) => span.name === name);
  expect(named("root")?.parentSpanId ?? "").toBe("");
  expect(named("part")?.traceId).toBe(named("root")?.traceId as string);
  expect(named("joined")).toMatchObject({
    traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
    parentSpanId: "00f067aa0ba902b7",
    status: { code: 2 },
  });
});
