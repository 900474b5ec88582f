/** A response whose connection closes before a single byte is sent (measured on Bun 1.4.5: the client sees ECONNRESET). */
export function dropConnection(): Response {
  return new Response(
    new ReadableStream({
      start: (controller) => controller.error(),
    }),
  );
}

/** Waits until the client gives up: a server that took the request and never answers. */
export function clientGone(request: Request): Promise<void> {
  if (request.signal.aborted) return Promise.resolve();
  return new Promise((resolve) => request.signal.addEventListener("abort", () => resolve(), { once: true }));
}
