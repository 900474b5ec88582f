/**
 * Envoy's own answers, as RFC 9457 problems like those of the services. The first row that fits is taken; `details`
 * narrows it to a reason of Envoy's (a substring of RESPONSE_CODE_DETAILS), `to` changes the status.
 */
type Row = {
  status: number;
  details?: string;
  to?: number;
  code: string;
  title: string;
  headers?: Record<string, string>;
};

const invalidToken = 'Bearer realm="shop-api", error="invalid_token"';
const soon = { "retry-after": "1" };

const rows: Row[] = [
  {
    status: 401,
    details: "Jwt_is_missing",
    code: "auth.token_missing",
    title: "An access token is required.",
    headers: { "www-authenticate": 'Bearer realm="shop-api"' },
  },
  // No keys were to be had: that says nothing about the token.
  {
    status: 401,
    details: "Jwks_remote_fetch",
    to: 503,
    code: "edge.keys_unavailable",
    title: "Access tokens cannot be checked right now.",
    headers: soon,
  },
  {
    status: 401,
    code: "auth.token_invalid",
    title: "The access token is not valid.",
    headers: { "www-authenticate": invalidToken },
  },
  // Envoy says 403 to a token made for somebody else; here, as in the services, that is no token at all.
  {
    status: 403,
    details: "jwt_authn_access_denied",
    to: 401,
    code: "auth.token_invalid",
    title: "The access token is not valid.",
    headers: { "www-authenticate": invalidToken },
  },
  { status: 400, code: "edge.bad_request", title: "The request is malformed." },
  { status: 403, code: "edge.forbidden", title: "This is not allowed here." },
  { status: 404, code: "edge.not_found", title: "There is nothing at this path." },
  { status: 405, code: "edge.method_not_allowed", title: "This path does not take this method." },
  { status: 408, code: "edge.request_timeout", title: "The request did not arrive in time." },
  { status: 413, code: "edge.too_large", title: "The request's body is larger than 1 MiB." },
  { status: 414, code: "edge.uri_too_long", title: "The request's path is too long." },
  { status: 415, code: "edge.unsupported_media_type", title: "This media type is not understood." },
  { status: 426, code: "edge.http_version", title: "HTTP/1.1 or HTTP/2 is required." },
  { status: 429, code: "edge.rate_limited", title: "Too many requests from this address." },
  { status: 431, code: "edge.headers_too_large", title: "The request's headers are too many or too large." },
  { status: 500, code: "edge.internal", title: "The request could not be handled." },
  { status: 502, code: "edge.bad_gateway", title: "The service gave no usable answer." },
  {
    status: 503,
    details: "overflow",
    code: "edge.overloaded",
    title: "The service has more requests than it can take.",
    headers: soon,
  },
  { status: 503, code: "edge.unavailable", title: "The service cannot be reached right now.", headers: soon },
  { status: 504, code: "edge.timeout", title: "The service did not answer in time." },
];

/** A request refused while it is still being parsed has no trace: its `traceId` is empty. */
const problem = (status: number | "%RESPONSE_CODE%", code: string, title: string) => ({
  content_type: "application/problem+json",
  omit_empty_values: true,
  text_format_source: {
    inline_string: `{"type":"urn:shop:error:${code}","title":"${title}","status":${status},"code":"${code}","traceId":"%REQ(X-TRACE-ID)%"}`,
  },
});

const hasStatus = (status: number) => ({
  status_code_filter: { comparison: { op: "EQ", value: { default_value: status, runtime_key: "edge.unused" } } },
});

const hasDetails = (details: string) => ({
  extension_filter: {
    name: "envoy.access_loggers.extension_filters.cel",
    typed_config: {
      "@type": "type.googleapis.com/envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter",
      expression: `response.code_details.contains("${details}")`,
    },
  },
});

/** A document (documents.ts) is an answer of Envoy's own, too, and no problem. */
const document = {
  filter: hasStatus(200),
  body_format_override: { text_format_source: { inline_string: "%LOCAL_REPLY_BODY%" } },
};

const problems = rows.map((row) => ({
  filter: row.details
    ? { and_filter: { filters: [hasStatus(row.status), hasDetails(row.details)] } }
    : hasStatus(row.status),
  ...(row.to && { status_code: row.to }),
  body_format_override: problem(row.to ?? row.status, row.code, row.title),
  headers_to_add: Object.entries(row.headers ?? {}).map(([key, value]) => ({
    header: { key, value },
    append_action: "OVERWRITE_IF_EXISTS_OR_ADD",
  })),
}));

export const localReplies = {
  mappers: [document, ...problems],
  body_format: problem("%RESPONSE_CODE%", "edge.refused", "The request was refused."),
};
