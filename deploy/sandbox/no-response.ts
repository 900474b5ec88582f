/** A response that closes the connection before it sends a byte. On Bun 1.4.5 the client gets ECONNRESET. */
export function dropConnection(): Response {
  return new Response(
    new ReadableStream({
      start: (controller) => controller.error(),
    }),
  );
}

/** Waits until the client closes the connection, without sending a response. */
export function clientDisconnected(request: Request): Promise<void> {
  if (request.signal.aborted) return Promise.resolve();
  return new Promise((resolve) => request.signal.addEventListener("abort", () => resolve(), { once: true }));
}
