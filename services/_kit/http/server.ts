import type { AnyElysia } from "elysia";
import type { Lifecycle } from "../lifecycle";
import type { Log } from "../telemetry/log";
import { createApp, type Health } from "./app";
import { isEventStream } from "./sse";

export type Server = {
  port: number;
  /** Drains and closes everything; what SIGTERM does, less the exit. */
  stop(): Promise<void>;
};

const signals = ["SIGTERM", "SIGINT"] as const;
const largestBodyBytes = 1024 * 1024;

/** How long a process asked to end goes on serving, so that whoever sends it requests can find out and stop. */
const noticeMs = 500;

/** How long requests under way may take to finish once the process is asked to end: a live stream never does. */
const drainLimitMs = 4_000;
const exitLimitMs = 9_000;

/**
 * Opens the port, and closes everything in order when the process is asked to end: no longer ready, `drain` ends what would
 * not end by itself (streams), and each answer ends its connection, for half a second → requests under way finish, for 4 s
 * at most → `close` one after the other (consumers, outbox, queues, stores) → exit. After 9 s it exits
 * regardless, with code 1.
 */
export function serve(o: {
  service: string;
  host: string;
  port: number;
  routes: AnyElysia;
  health: Health;
  log: Log;
  drain?: () => void;
  lifecycle: Lifecycle;
  noticeMs?: number;
  idleTimeoutSeconds?: number;
  drainLimitMs?: number;
  exitLimitMs?: number;
}): Server {
  let stopping: Promise<void> | undefined;
  let leaving = false;
  const draining = () => leaving || stopping !== undefined;
  const app = createApp({ ...o, draining });
  const server = Bun.serve({
    hostname: o.host,
    port: o.port,
    maxRequestBodySize: largestBodyBytes,
    idleTimeout: o.idleTimeoutSeconds ?? 60,
    // Bun's error page shows the source.
    development: false,
    async fetch(request, self) {
      const response = await app.handle(request);
      // Bun has been seen to cut streams that were written to in time; they have a heartbeat and an end of their own.
      if (isEventStream(response)) self.timeout(request, 0);
      // Nobody shall send another request on a connection that is about to be closed.
      if (draining()) response.headers.set("connection", "close");
      return response;
    },
  });

  async function closeAll(): Promise<void> {
    o.drain?.();
    const finished = server.stop().then(() => true);
    const tooLong = Bun.sleep(o.drainLimitMs ?? drainLimitMs).then(() => false);
    if (!(await Promise.race([finished, tooLong]))) {
      o.log.warn("requests were cut off");
      await server.stop(true);
    }
    await o.lifecycle.close();
    for (const signal of signals) process.off(signal, onSignal);
  }

  function stop(): Promise<void> {
    stopping ??= closeAll();
    return stopping;
  }

  const onSignal = (signal: string) => {
    if (draining()) return;
    leaving = true;
    o.log.info({ signal }, "stopping");
    const late = setTimeout(() => {
      o.log.error("did not stop in time");
      process.exit(1);
    }, o.exitLimitMs ?? exitLimitMs);
    Bun.sleep(o.noticeMs ?? noticeMs)
      .then(stop)
      .finally(() => {
        clearTimeout(late);
        process.exit(0);
      });
  };
  for (const signal of signals) process.on(signal, onSignal);
  o.log.info({ port: server.port }, "listening");
  return { port: server.port as number, stop };
}
