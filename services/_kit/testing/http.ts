import type { AnyElysia } from "elysia";
import { createApp } from "../http/app";
import { silentLog } from "./log";

export type Answer<T = Record<string, unknown>> = { status: number; body: T; headers: Headers };

/** Sends requests to routes in the process, through the same pipeline as requests to the port. */
export function testClient(routes: AnyElysia) {
  const app = createApp({
    service: "test",
    serving: { routes, health: { store: async () => {}, queue: () => true } },
    log: silentLog,
    draining: () => false,
  });
  return async function send<T = Record<string, unknown>>(
    method: string,
    path: string,
    options: {
      /** Sent as JSON. */
      body?: unknown;
      /** Sent as it is, instead of `body`. */
      raw?: string;
      authorization?: string;
      headers?: Record<string, string>;
    } = {},
  ): Promise<Answer<T>> {
    const body = options.raw ?? (options.body === undefined ? undefined : JSON.stringify(options.body));
    const response = await app.handle(
      new Request(`http://service.test${path}`, {
        method,
        headers: {
          ...(body !== undefined && { "content-type": "application/json" }),
          ...(options.authorization && { authorization: options.authorization }),
          ...options.headers,
        },
        ...(body !== undefined && { body }),
      }),
    );
    const text = await response.text();
    const json = response.headers.get("content-type")?.includes("json");
    return { status: response.status, headers: response.headers, body: (json && text ? JSON.parse(text) : text) as T };
  };
}
