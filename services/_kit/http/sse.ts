/** Server-sent events. See https://html.spec.whatwg.org/multipage/server-sent-events.html */

/** One event. JSON has no raw line breaks, so the data is always one line. */
export const sseEvent = (o: { event: string; id?: number; data: unknown }): string =>
  `event: ${o.event}\n${o.id === undefined ? "" : `id: ${o.id}\n`}data: ${JSON.stringify(o.data)}\n\n`;

/** Tells the client how long to wait before it reconnects. */
export const sseRetry = (ms: number): string => `retry: ${ms}\n\n`;

/** A comment, which clients ignore. It keeps proxies from closing an idle connection. */
export const sseHeartbeat = ":\n\n";

const mediaType = "text/event-stream";

export const eventStream = (body: ReadableStream<Uint8Array>): Response =>
  new Response(body, { headers: { "content-type": mediaType, "cache-control": "no-store" } });

export const isEventStream = (response: Response): boolean => response.headers.get("content-type") === mediaType;
