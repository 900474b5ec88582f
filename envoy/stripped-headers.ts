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

/**
 * Every x-forwarded-* but `x-forwarded-for`, from which Envoy takes the client's address behind a trusted proxy. Then
 * listener.yaml replaces it.
 */
const forwarded = { safe_regex: { regex: "x-forwarded-([^f].*|f([^o].*)?|fo([^r].*)?|for.+)" } };

export const strippedHeaders = [
  ...[forwarded, ...prefixes.map((prefix) => ({ prefix }))].map((key_matcher) => ({
    remove_on_match: { key_matcher },
  })),
  ...names.map((remove) => ({ remove })),
];
