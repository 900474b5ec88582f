/**
 * Request headers that only the edge or a service may set. They are removed before routing, tracing, limits and token
 * checks, so nothing behind can be talked into believing them.
 */
const prefixes = [
  "x-user-",
  "x-jwt-",
  "x-auth-",
  "x-service-",
  "x-internal-",
  "x-envoy-",
  "x-forwarded-", // -for, -proto, -host, -user, -email, -client-cert, …: Envoy writes the first two anew
  "x-original-",
  "x-client-",
  "x-remote-",
  "x-authenticated-",
  "x-consumer-",
  "x-b3-",
];

const names = [
  "forwarded",
  "x-real-ip",
  "x-rewrite-url",
  "x-http-method",
  "x-http-method-override",
  "x-method-override",
  "x-request-id",
  "x-trace-id",
  "x-api-key", // nothing understands it yet, and a secret should not travel further than it must
  "proxy",
  // The trace starts here: a client that could choose the id could hide in, or fill up, somebody else's trace.
  "traceparent",
  "tracestate",
  "baggage",
  "b3",
];

export const strippedHeaders = [
  ...prefixes.map((prefix) => ({ remove_on_match: { key_matcher: { prefix } } })),
  ...names.map((remove) => ({ remove })),
];
