import type { AnyElysia } from "elysia";
import type { Lifecycle } from "../lifecycle";
import type { Log } from "../telemetry/log";
import { createApp } from "./app";
import type { Health } from "./operations";
import { isEventStream } from "./sse";

export type Server = {
  port: number;
  /** Drains and closes everything, as after SIGTERM, but without `shutdownDelayMs` and without ending the process. */
  stop(): Promise<void>;
};

const signals = ["SIGTERM", "SIGINT"] as const;
const bodyBytesMax = 1024 * 1024;

/** How long a process keeps serving after SIGTERM, so that load balancers see `/ready` fail and stop sending requests. */
const shutdownDelayMs = 500;
/** How long requests may take to finish while draining. */
const drainLimitMs = 4_000;
/** How long the whole shutdown may take. */
const exitLimitMs = 9_000;

type Serving = {
  routes: AnyElysia;
  /** Whether the message queue can be reached. */
  queue: Health["queue"];
  /** Ends responses that do not end by themselves, such as live streams. */
  drain?: () => void;
};

export type OpenServer = Server & {
  /** From now on the service is ready, and requests reach its routes. */
  serve(serving: Serving): Server;
};

/**
 * Opens the port. Until `serve` is called, the process is alive but not ready: requests are answered with 503, and SIGTERM or
 * SIGINT ends it at once, because nothing is under way. Afterwards these signals shut it down:
 * 1. For `shutdownDelayMs` requests are still served, but `/ready` answers 503 and each response closes its connection.
 * 2. `drain` ends streams, and requests in progress finish. Those that take longer than `drainLimitMs` are cut off.
 * 3. `lifecycle` closes consumers, outbox, queues and stores, and the process exits with code 0.
 *
 * A shutdown that takes longer than `exitLimitMs` ends with exit code 1.
 */
export function openServer(o: {
  service: string;
  host: string;
  port: number;
  /** Resolves when the service's own store answers. */
  store: Health["store"];
  log: Log;
  /** What to close after the last request. */
  lifecycle: Lifecycle;
  shutdownDelayMs?: number;
  /** How long a connection may be idle; 60 by default. Event streams have no limit. */
  idleTimeoutSeconds?: number;
  drainLimitMs?: number;
  exitLimitMs?: number;
}): OpenServer {
  let stopping: Promise<void> | undefined;
  let signalled = false;
  const draining = () => signalled || stopping !== undefined;
  let app = createApp({ ...o, draining });
  let serving: Serving | undefined;
  const server = Bun.serve({
    hostname: o.host,
    port: o.port,
    maxRequestBodySize: bodyBytesMax,
    idleTimeout: o.idleTimeoutSeconds ?? 60,
    // Bun's development error page shows source code.
    development: false,
    async fetch(request, self) {
      const response = await app.handle(request);
      // Bun has closed streams as idle although heartbeats were written in time, so streams have no idle timeout.
      if (isEventStream(response)) self.timeout(request, 0);
      // The client must not reuse a connection that is about to be closed.
      if (draining()) response.headers.set("connection", "close");
      return response;
    },
  });

  async function closeAll(): Promise<void> {
    serving?.drain?.();
    const finished = server.stop().then(() => true);
    const timedOut = Bun.sleep(o.drainLimitMs ?? drainLimitMs).then(() => false);
    if (!(await Promise.race([finished, timedOut]))) {
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
    signalled = true;
    o.log.info({ signal }, "stopping");
    if (!serving) process.exit(0);
    const exitTimer = setTimeout(() => {
      o.log.error("shutdown timed out");
      process.exit(1);
    }, o.exitLimitMs ?? exitLimitMs);
    Bun.sleep(o.shutdownDelayMs ?? shutdownDelayMs)
      .then(stop)
      .finally(() => {
        clearTimeout(exitTimer);
        process.exit(0);
      });
  };
  for (const signal of signals) process.on(signal, onSignal);
  o.log.info({ port: server.port }, "listening");
  const opened: Server = { port: server.port as number, stop };
  return {
    ...opened,
    serve(next) {
      const { routes, queue } = next;
      app = createApp({ ...o, draining, serving: { routes, health: { store: o.store, queue } } });
      serving = next;
      o.log.info("serving");
      return opened;
    },
  };
}
