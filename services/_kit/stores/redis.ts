import { createClient } from "redis";
import type { Log } from "../telemetry/log";

export type Redis = ReturnType<typeof createRedis>;

/** A client that reconnects by itself. While Redis is unavailable, commands fail at once and are not queued in memory. */
export function createRedis(url: string, log: Log) {
  const client = createClient({
    url,
    disableOfflineQueue: true,
    socket: { reconnectStrategy: (retries) => Math.min(100 * 2 ** retries, 2000) },
  });
  client.on("error", (error) => log.warn({ err: error }, "redis connection error"));
  return client;
}

/** The connection options of BullMQ and ioredis for a Redis URL. */
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
