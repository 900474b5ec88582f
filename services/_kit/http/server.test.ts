import { describe, expect, spyOn, test } from "bun:test";
import { connect } from "node:net";
import { Elysia } from "elysia";
import { createLifecycle, type Lifecycle } from "../lifecycle";
import { eventually } from "../testing/eventually";
import { silentLog } from "../testing/log";
import { serve } from "./server";
import { eventStream, sseHeartbeat } from "./sse";

const routes = new Elysia().get("/endless", async function* () {
  yield "on";
  await new Promise(() => {});
});

const decoded = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);
const streaming = (opened: (to: ReadableStreamDefaultController<Uint8Array>) => void, cancel: () => void = () => {}) =>
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

const start = (
  o: Partial<
    Pick<
      Parameters<typeof serve>[0],
      "routes" | "lifecycle" | "drain" | "noticeMs" | "drainLimitMs" | "exitLimitMs" | "idleTimeoutSeconds"
    >
  > = {},
) =>
  serve({
    service: "test",
    host: "127.0.0.1",
    port: 0,
    routes,
    health: { store: async () => {}, queue: () => true },
    log: silentLog,
    lifecycle: createLifecycle(silentLog),
    ...o,
  });

/** A lifecycle of these parts, in the order in which they are started. */
function parts(...closes: (() => unknown)[]): Lifecycle {
  const lifecycle = createLifecycle(silentLog);
  for (const close of closes) lifecycle.use("part", close);
  return lifecycle;
}

describe("stopping", () => {
  test("lets requests under way finish, takes no new ones, then closes in order", async () => {
    const order: string[] = [];
    const closing =
      (name: string, fails = false) =>
      async () => {
        order.push(name);
        if (fails) throw new Error("cannot close");
      };
    const begun = Promise.withResolvers<void>();
    const slow = new Elysia().get("/slow", async () => {
      begun.resolve();
      await Bun.sleep(200);
      order.push("answered");
      return { done: true };
    });
    const server = start({ routes: slow, lifecycle: parts(closing("store"), closing("consumer", true)) });
    const underWay = fetch(`http://127.0.0.1:${server.port}/slow`).then((response) => response.json());
    await begun.promise;
    await Promise.all([server.stop(), server.stop()]);
    expect(await underWay).toEqual({ done: true });
    expect(order).toEqual(["answered", "consumer", "store"]);
    expect(fetch(`http://127.0.0.1:${server.port}/health`)).rejects.toThrow();
  });
  test("ends streams first, so that they keep nothing from closing", async () => {
    const aStream = Promise.withResolvers<ReadableStreamDefaultController<Uint8Array>>();
    const server = start({
      routes: streaming(aStream.resolve),
      drain: () => void aStream.promise.then((to) => to.close()),
      // Never reached; the test would be.
      drainLimitMs: 60_000,
    });
    const response = await fetch(`http://127.0.0.1:${server.port}/stream`);
    await aStream.promise;
    await server.stop();
    expect(await response.text()).toBe(":\n\n");
  });
  test("cuts off what does not end", async () => {
    const closed: string[] = [];
    const server = start({ drainLimitMs: 50, lifecycle: parts(async () => closed.push("store")) });
    const response = await fetch(`http://127.0.0.1:${server.port}/endless`);
    const reader = response.body?.getReader();
    await reader?.read();
    await server.stop();
    expect(closed).toEqual(["store"]);
  });
  test("leaves no signal handler behind", async () => {
    const before = process.listenerCount("SIGTERM");
    const server = start();
    expect(process.listenerCount("SIGTERM")).toBe(before + 1);
    await server.stop();
    expect(process.listenerCount("SIGTERM")).toBe(before);
  });
});

test("a stream may be silent for longer than a connection may be idle; one whose client is gone is told so", async () => {
  const streams: ReadableStreamDefaultController<Uint8Array>[] = [];
  const gone = Promise.withResolvers<void>();
  const server = start({ routes: streaming((to) => streams.push(to), gone.resolve), idleTimeoutSeconds: 1 });
  const client = new AbortController();
  const response = await fetch(`http://127.0.0.1:${server.port}/stream`, { signal: client.signal });
  const reader = response.body?.getReader();
  expect(decoded((await reader?.read())?.value)).toBe(":\n\n");
  // Bun looks every four seconds.
  await Bun.sleep(9_000);
  streams[0]?.enqueue(new TextEncoder().encode("late"));
  expect(decoded((await reader?.read())?.value)).toBe("late");
  client.abort();
  await gone.promise;
  await server.stop();
}, 30_000);

test("a request with an unusable host gets a problem, not Bun's page with the source", async () => {
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
  /** What a signal does here, where the process must not end. */
  async function signalled(o: Parameters<typeof start>[0]): Promise<number> {
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
    expect(fetch(`http://127.0.0.1:${server.port}/health`)).rejects.toThrow();
    return code;
  }
  test("closes, then ends the process well", async () => {
    const closed: string[] = [];
    expect(await signalled({ lifecycle: parts(async () => closed.push("store")) })).toBe(0);
    expect(closed).toEqual(["store"]);
  });
  test("ends the process when its time is up", async () => {
    expect(await signalled({ lifecycle: parts(() => new Promise(() => {})), noticeMs: 0, exitLimitMs: 50 })).toBe(1);
  });
});

/** A service in a process of its own. */
async function child(env: Record<string, string> = {}) {
  const process_ = Bun.spawn([process.execPath, `${import.meta.dir}/../testing/children/serve.ts`], {
    env: { ...process.env, ...env },
    stdout: "pipe",
    stderr: "inherit",
  });
  const reader = process_.stdout.getReader();
  let output = "";
  const said = async (pattern: RegExp): Promise<string> => {
    for (;;) {
      const match = pattern.exec(output);
      if (match) return match[0];
      const { value, done } = await reader.read();
      if (done) throw new Error(`ended without saying ${pattern}: ${output}`);
      output += new TextDecoder().decode(value);
    }
  };
  const port = await said(/^\d+(?=\n)/m);
  return { said, process: process_, url: `http://127.0.0.1:${port}` };
}

describe.each(["SIGTERM", "SIGINT"] as const)("%s", (signal) => {
  test("ends the process with 0 once its requests are answered and all is closed", async () => {
    const { url, process, said } = await child();
    const underWay = fetch(`${url}/slow`).then((response) => response.json());
    await said(/slow/);
    process.kill(signal);
    process.kill(signal);
    expect(await underWay).toEqual({ done: true });
    await said(/closed/);
    expect(await process.exited).toBe(0);
  });
});

test("asked to end, a process goes on answering for a moment, says so, and lets no connection live on", async () => {
  const { url, process } = await child();
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

test("a live stream does not keep a process from ending well", async () => {
  const { url, process, said } = await child();
  const reader = (await fetch(`${url}/endless`)).body?.getReader();
  await reader?.read();
  process.kill("SIGTERM");
  await said(/closed/);
  expect(await process.exited).toBe(0);
});

test("what hangs while closing is left behind, and the exit code says so", async () => {
  const { process } = await child({ CLOSE: "hangs" });
  process.kill("SIGTERM");
  expect(await process.exited).toBe(1);
});
