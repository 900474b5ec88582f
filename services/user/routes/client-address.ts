/**
 * The client's IP address, as the edge saw it; "direct" for a request that did not come through the edge. The edge removes
 * any `X-Forwarded-For` header that a client sends.
 */
export const clientAddress = (request: Request): string =>
  request.headers.get("x-forwarded-for")?.split(",").at(-1)?.trim() || "direct";
