import type { ApiRequestOptions, ApiResponse } from "../../deploy/local/clients/shop-api";
import { api } from "./stack";

/** Longer than the edge's timeout for a request, which is 15 s. */
const responseMsMax = 16_000;

export type ResponseMonitor = ReturnType<typeof newResponseMonitor>;

/**
 * Checks the server errors that clients receive during an outage: each must have status 503 and problem details, and
 * must arrive in time. Other responses are only counted.
 */
export function newResponseMonitor() {
  const violations: string[] = [];
  const counts = new Map<number, number>();

  function observe({ request, status, headers, body }: ApiResponse, tookMs: number): void {
    counts.set(status, (counts.get(status) ?? 0) + 1);
    if (status < 500) return;
    const isProblem = headers.get("content-type") === "application/problem+json" && typeof body.code === "string";
    if (status !== 503 || !isProblem || tookMs > responseMsMax)
      violations.push(`${request}: ${status} after ${Math.round(tookMs)} ms: ${JSON.stringify(body).slice(0, 300)}`);
  }

  return {
    violations,
    observe,
    /** How many responses of each status there were. */
    countsByStatus: () => Object.fromEntries([...counts].sort(([a], [b]) => a - b)),
    /** Sends a request and observes the response. @returns undefined if the connection broke */
    async request(method: string, path: string, options?: ApiRequestOptions): Promise<ApiResponse | undefined> {
      const started = performance.now();
      const response = await api.request(method, path, options).catch(() => undefined);
      if (response) observe(response, performance.now() - started);
      return response;
    },
  };
}
