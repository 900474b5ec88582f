/** Who asks, as the edge saw it: it writes the header anew, and removes what a client puts there itself. */
export const addressOf = (request: Request): string =>
  request.headers.get("x-forwarded-for")?.split(",").at(-1)?.trim() || "direct";
