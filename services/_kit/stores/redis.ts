import { createClient } from "redis";
import type { Log } from "../telemetry/log";

export type Redis = ReturnType<typeof createRedis>;

/** A client that fails at once while Redis is away (no queueing in memory) and reconnects by itself. */
export function createRedis(url: string, log: Log) {
  const client = createClient({
    url,
    disableOfflineQueue: true,
    socket: { reconnectStrategy: (retries) => Math.min(100 * 2 ** retries, 2000) },
  });
  client.on("error", (error) => log.warn({ err: error }, "redis"));
  return client;
}

/** BullMQ's connection options of a Redis URL. */
export function bullConnection(url: string) {
  const { hostname, port, username, password, pathname, protocol } = new URL(url);
  return {
    host: hostname,
    port: Number(port || 6379),
    username: decodeURIComponent(username) || undefined,
    password: decodeURIComponent(password) || undefined,
    db: Number(pathname.slice(1) || 0),
    ...(protocol === "rediss:" && { tls: {} }),
  };
}
