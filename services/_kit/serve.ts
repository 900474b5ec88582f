import type { AnyElysia } from "elysia";
import { createApp, type Health } from "./app";
import type { Log } from "./log";

export type Server = {
  port: number;
  /** Drains and closes everything; what SIGTERM does, less the exit. */
  stop(): Promise<void>;
};

const largestBodyBytes = 1024 * 1024;
const hardLimitMs = 9_000;

/**
 * Opens the port, and closes everything in order when the process is asked to end: no longer ready → requests under way
 * finish → `close` one after the other (consumers, outbox, queues, stores) → exit. After 9 s it exits regardless.
 */
export function serve(o: {
  service: string;
  host: string;
  port: number;
  routes: AnyElysia;
  health: Health;
  log: Log;
  close: (() => Promise<unknown>)[];
}): Server {
  let draining = false;
  const app = createApp({ ...o, draining: () => draining });
  const server = Bun.serve({
    hostname: o.host,
    port: o.port,
    maxRequestBodySize: largestBodyBytes,
    idleTimeout: 60,
    fetch: app.handle,
  });

  async function stop(): Promise<void> {
    draining = true;
    await server.stop();
    for (const close of o.close) await close().catch((error) => o.log.warn({ err: error }, "while closing"));
  }

  const onSignal = (signal: string) => {
    if (draining) return;
    o.log.info({ signal }, "stopping");
    setTimeout(() => {
      o.log.error("did not stop in time");
      process.exit(1);
    }, hardLimitMs).unref();
    stop().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.once("SIGTERM", onSignal);
  process.once("SIGINT", onSignal);
  o.log.info({ port: server.port }, "listening");
  return { port: server.port as number, stop };
}
