/** Server-sent events, as WHATWG HTML writes them: `text/event-stream`. */

/** One event. JSON has no line breaks, so its data is always one line. */
export const sseEvent = (o: { event: string; id?: number; data: unknown }): string =>
  `event: ${o.event}\n${o.id === undefined ? "" : `id: ${o.id}\n`}data: ${JSON.stringify(o.data)}\n\n`;

/** How long a client waits before it connects again. */
export const sseRetry = (ms: number): string => `retry: ${ms}\n\n`;

/** A comment, so that nobody on the way takes a silent connection for a dead one. */
export const sseHeartbeat = ":\n\n";

const mediaType = "text/event-stream";

export const eventStream = (body: ReadableStream<Uint8Array>): Response =>
  new Response(body, { headers: { "content-type": mediaType, "cache-control": "no-store" } });

export const isEventStream = (response: Response): boolean => response.headers.get("content-type") === mediaType;
