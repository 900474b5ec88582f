/**
 * Request headers that only the edge or a service may set. They are removed before routing, tracing, limits and token
 * checks, so that nothing behind the edge trusts a value that a client has sent.
 */
const prefixes = [
  "x-user-",
  "x-jwt-",
  "x-auth-",
  "x-service-",
  "x-internal-",
  "x-envoy-",
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
  "x-api-key", // no service reads it yet, and a secret must not travel further than necessary
  "proxy",
  // The trace starts at the edge. A client that could choose the trace id could add spans to another client's trace.
  "traceparent",
  "tracestate",
  "baggage",
  "b3",
];

// For example -for, -proto, -host, -user, -client-cert. Envoy sets -for and -proto itself.
const forwarded = { prefix: "x-forwarded-" };
const forwardedExceptFor = { safe_regex: { regex: "x-forwarded-([^f].*|f([^o].*)?|fo([^r].*)?|for.+)" } };

/** @param trustedProxies see `EdgeOptions`. Without a proxy, `x-forwarded-for` comes from the client and is removed too. */
export const strippedHeaders = (trustedProxies: number) => [
  ...[...prefixes.map((prefix) => ({ prefix })), trustedProxies > 0 ? forwardedExceptFor : forwarded].map(
    (key_matcher) => ({ remove_on_match: { key_matcher } }),
  ),
  ...names.map((remove) => ({ remove })),
];
