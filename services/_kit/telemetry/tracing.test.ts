import { beforeAll, describe, expect, test } from "bun:test";
import { inSpan, startTelemetry, traceId, traceparent } from "./tracing";

beforeAll(() => startTelemetry("test", undefined));

const caller = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

describe("work in a span", () => {
  test("has a trace id, and there is none outside", async () => {
    expect(traceId()).toBe("");
    expect(traceparent()).toBeUndefined();
    expect(inSpan("work", { root: true }, traceId)).toMatch(/^[0-9a-f]{32}$/);
    expect(traceId()).toBe("");
  });
  test("joins the caller's trace and hands it on", () => {
    expect(inSpan("work", { traceparent: caller }, traceparent)).toContain("4bf92f3577b34da6a3ce929d0e0e4736");
  });
  test("keeps the trace over what it waits for, also next to other work", async () => {
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
  test("that is a root starts anew inside another", () => {
    const [outer, inner] = inSpan("a", { root: true }, () => [traceId(), inSpan("b", { root: true }, traceId)]);
    expect(inner).not.toBe(outer);
  });
  test("fails with the error it failed with", () => {
    const fails = () => {
      throw new Error("no");
    };
    expect(() => inSpan("work", {}, fails)).toThrow("no");
    expect(inSpan("work", {}, () => Promise.reject(new Error("later")))).rejects.toThrow("later");
    expect(inSpan("work", {}, () => Promise.reject("no error at all"))).rejects.toBe("no error at all");
  });
});

test("stopping without an exporter does nothing", async () => {
  const flush = await startTelemetry("test", undefined);
  expect(await flush()).toBeUndefined();
});

test("stopping with an exporter that nobody listens to ends too", async () => {
  const flush = await startTelemetry("test", "http://127.0.0.1:1");
  inSpan("work", { root: true }, () => {});
  await Promise.race([flush().catch(() => {}), Bun.sleep(4_000)]);
  expect(inSpan("work", { root: true }, traceId)).toMatch(/^[0-9a-f]{32}$/);
});

test("with an endpoint, spans are exported: a root without a parent that nobody has seen", async () => {
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
