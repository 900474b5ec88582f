import { describe, expect, spyOn, test } from "bun:test";
import { connect } from "node:net";
import { Elysia } from "elysia";
import { createLifecycle, type Lifecycle } from "../lifecycle";
import { eventually } from "../testing/eventually";
import { silentLog } from "../testing/log";
import { openServer } from "./server";
import { eventStream, sseHeartbeat } from "./sse";

const routes = new Elysia().get("/endless", async function* () {
  yield "on";
  await new Promise(() => {});
});

const decoded = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);
const streamRoute = (
  opened: (to: ReadableStreamDefaultController<Uint8Array>) => void,
  cancel: () => void = () => {},
) =>
  new Elysia().get("/stream", () =>
    eventStream(
      new ReadableStream({
        start(to) {
          to.enqueue(new TextEncoder().encode(sseHeartbeat));
          opened(to);
        },
        cancel,
      }),
    ),
  );

type Options = Partial<Parameters<typeof openServer>[0] & Parameters<ReturnType<typeof openServer>["serve"]>[0]>;

/** A server that is open and does not serve yet. */
const open = (o: Options = {}) =>
  openServer({
    service: "test",
    host: "127.0.0.1",
    port: 0,
    store: async () => {},
    log: silentLog,
    lifecycle: createLifecycle(silentLog),
    ...o,
  });
const start = (o: Options = {}) => open(o).serve({ routes, queue: () => true, ...o });

test("a server that is open is alive but not ready, and serves once it is told to", async () => {
  const server = open();
  const statusOf = async (path: string) => (await fetch(`http://127.0.0.1:${server.port}${path}`)).status;
  const statuses = () => Promise.all(["/health", "/ready", "/hello"].map(statusOf));
  expect(await statuses()).toEqual([200, 503, 503]);
  server.serve({ routes: new Elysia().get("/hello", () => "hello"), queue: () => true });
  expect(await statuses()).toEqual([200, 200, 200]);
  await server.stop();
});

/** A lifecycle with these parts, in start order. */
function lifecycleOf(...closes: (() => unknown)[]): Lifecycle {
  const lifecycle = createLifecycle(silentLog);
  for (const close of closes) lifecycle.use("part", close);
  return lifecycle;
}

describe("stop", () => {
  test("waits for requests in progress, accepts no new ones, then closes the lifecycle", async () => {
    const order: string[] = [];
    const closing =
      (name: string, fails = false) =>
      async () => {
        order.push(name);
        if (fails) throw new Error("close failed");
      };
    const slowStarted = Promise.withResolvers<void>();
    const slow = new Elysia().get("/slow", async () => {
      slowStarted.resolve();
      await Bun.sleep(200);
      order.push("answered");
      return { done: true };
    });
    const server = start({ routes: slow, lifecycle: lifecycleOf(closing("store"), closing("consumer", true)) });
    const inProgress = fetch(`http://127.0.0.1:${server.port}/slow`).then((response) => response.json());
    await slowStarted.promise;
    await Promise.all([server.stop(), server.stop()]);
    expect(await inProgress).toEqual({ done: true });
    expect(order).toEqual(["answered", "consumer", "store"]);
    await expect(fetch(`http://127.0.0.1:${server.port}/health`)).rejects.toThrow();
  });
  test("calls drain first, so that streams do not delay the rest", async () => {
    const aStream = Promise.withResolvers<ReadableStreamDefaultController<Uint8Array>>();
    const server = start({
      routes: streamRoute(aStream.resolve),
      drain: () => void aStream.promise.then((to) => to.close()),
      // The test times out before this limit if drain does not end the stream.
      drainLimitMs: 60_000,
    });
    const response = await fetch(`http://127.0.0.1:${server.port}/stream`);
    await aStream.promise;
    await server.stop();
    expect(await response.text()).toBe(":\n\n");
  });
  test("cuts off requests that do not finish within the drain limit", async () => {
    const closed: string[] = [];
    const server = start({ drainLimitMs: 50, lifecycle: lifecycleOf(async () => closed.push("store")) });
    const response = await fetch(`http://127.0.0.1:${server.port}/endless`);
    const reader = response.body?.getReader();
    await reader?.read();
    await server.stop();
    expect(closed).toEqual(["store"]);
  });
  test("removes the signal handlers", async () => {
    const before = process.listenerCount("SIGTERM");
    const server = start();
    expect(process.listenerCount("SIGTERM")).toBe(before + 1);
    await server.stop();
    expect(process.listenerCount("SIGTERM")).toBe(before);
  });
});

test("a stream may be silent longer than the idle timeout, and is cancelled when its client disconnects", async () => {
  const streams: ReadableStreamDefaultController<Uint8Array>[] = [];
  const cancelled = Promise.withResolvers<void>();
  const server = start({ routes: streamRoute((to) => streams.push(to), cancelled.resolve), idleTimeoutSeconds: 1 });
  const client = new AbortController();
  const response = await fetch(`http://127.0.0.1:${server.port}/stream`, { signal: client.signal });
  const reader = response.body?.getReader();
  expect(decoded((await reader?.read())?.value)).toBe(":\n\n");
  // Bun checks idle connections every 4 s.
  await Bun.sleep(9_000);
  streams[0]?.enqueue(new TextEncoder().encode("late"));
  expect(decoded((await reader?.read())?.value)).toBe("late");
  client.abort();
  await cancelled.promise;
  await server.stop();
}, 30_000);

test("a request with an invalid Host header is answered with problem details, not with Bun's error page", async () => {
  const server = start();
  const answer = await new Promise<string>((resolve) => {
    let text = "";
    const socket = connect(server.port, "127.0.0.1", () => socket.write("GET / HTTP/1.1\r\nHost: a b[\r\n\r\n"));
    socket.on("data", (data) => {
      text += data;
      socket.destroy();
      resolve(text);
    });
  });
  expect(answer).toContain("HTTP/1.1 400");
  expect(answer).toContain("application/problem+json");
  await server.stop();
});

describe("a signal", () => {
  /** Starts a server and calls its signal handler twice, with `process.exit` replaced. @returns the exit code */
  async function exitCodeAfterSignal(o: Parameters<typeof start>[0]): Promise<number> {
    const exited = Promise.withResolvers<number>();
    const exit = spyOn(process, "exit").mockImplementation(((code: number) => exited.resolve(code)) as never);
    const server = start(o);
    const onSignal = process.listeners("SIGTERM").at(-1) as (signal: string) => void;
    onSignal("SIGTERM");
    onSignal("SIGTERM");
    const code = await exited.promise;
    process.off("SIGTERM", onSignal);
    process.off("SIGINT", onSignal);
    exit.mockRestore();
    await expect(fetch(`http://127.0.0.1:${server.port}/health`)).rejects.toThrow();
    return code;
  }
  test("closes the lifecycle, then exits with code 0", async () => {
    const closed: string[] = [];
    expect(await exitCodeAfterSignal({ lifecycle: lifecycleOf(async () => closed.push("store")) })).toBe(0);
    expect(closed).toEqual(["store"]);
  });
  test("exits with code 1 when the shutdown takes too long", async () => {
    expect(
      await exitCodeAfterSignal({
        lifecycle: lifecycleOf(() => new Promise(() => {})),
        shutdownDelayMs: 0,
        exitLimitMs: 50,
      }),
    ).toBe(1);
  });
});

/** A service in its own process. */
async function startChild(env: Record<string, string> = {}) {
  const child = Bun.spawn([process.execPath, `${import.meta.dir}/../testing/children/serve.ts`], {
    env: { ...process.env, ...env },
    stdout: "pipe",
    stderr: "inherit",
  });
  const reader = child.stdout.getReader();
  let output = "";
  const waitForOutput = async (pattern: RegExp): Promise<string> => {
    for (;;) {
      const match = pattern.exec(output);
      if (match) return match[0];
      const { value, done } = await reader.read();
      if (done) throw new Error(`the process ended without the output ${pattern}: ${output}`);
      output += new TextDecoder().decode(value);
    }
  };
  const port = await waitForOutput(/^\d+(?=\n)/m);
  return { waitForOutput, process: child, url: `http://127.0.0.1:${port}` };
}

describe.each(["SIGTERM", "SIGINT"] as const)("%s", (signal) => {
  test("exits with code 0 after requests in progress are answered and everything is closed", async () => {
    const { url, process, waitForOutput } = await startChild();
    const inProgress = fetch(`${url}/slow`).then((response) => response.json());
    await waitForOutput(/slow/);
    process.kill(signal);
    process.kill(signal);
    expect(await inProgress).toEqual({ done: true });
    await waitForOutput(/closed/);
    expect(await process.exited).toBe(0);
  });
});

test("after SIGTERM requests are still answered, /ready is draining, and responses close their connection", async () => {
  const { url, process } = await startChild();
  process.kill("SIGTERM");
  const ready = await eventually(async () => {
    const answer = await fetch(`${url}/ready`);
    return answer.status === 503 ? answer : undefined;
  });
  expect(await ready.json()).toEqual({ status: "draining" });
  const answer = await fetch(`${url}/slow`);
  expect(answer.status).toBe(200);
  expect(answer.headers.get("connection")).toBe("close");
  expect(await process.exited).toBe(0);
});

test("SIGTERM ends a process that does not serve yet at once, with exit code 0", async () => {
  const { process, waitForOutput } = await startChild({ CLOSE: "hangs", STARTING: "yes" });
  process.kill("SIGTERM");
  expect(await process.exited).toBe(0);
  await expect(waitForOutput(/closed/)).rejects.toThrow("ended without");
});

test("a stream that never ends does not change the exit code", async () => {
  const { url, process, waitForOutput } = await startChild();
  const reader = (await fetch(`${url}/endless`)).body?.getReader();
  await reader?.read();
  process.kill("SIGTERM");
  await waitForOutput(/closed/);
  expect(await process.exited).toBe(0);
});

test("a close that hangs ends the process with exit code 1", async () => {
  const { process } = await startChild({ CLOSE: "hangs" });
  process.kill("SIGTERM");
  expect(await process.exited).toBe(1);
});
