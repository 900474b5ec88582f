import { setHeaders, typeUrl } from "./envoy-api";

/** An error of Envoy's own, and the RFC 9457 problem that clients get for it. The first row that matches applies. */
type Row = {
  /** Envoy's status. */
  status: number;
  /** A part of Envoy's reason, RESPONSE_CODE_DETAILS. A row without it matches every reason. */
  details?: string;
  /** The status that the client gets, if it differs. */
  to?: number;
  code: string;
  title: string;
  headers?: Record<string, string>;
};

const invalidToken = 'Bearer realm="shop-api", error="invalid_token"';
const retrySoon = { "retry-after": "1" };

const rows: Row[] = [
  {
    status: 401,
    details: "Jwt_is_missing",
    code: "auth.token_missing",
    title: "An access token is required.",
    headers: { "www-authenticate": 'Bearer realm="shop-api"' },
  },
  // Envoy has no keys to verify the token with, so the token may be valid.
  {
    status: 401,
    details: "Jwks_remote_fetch",
    to: 503,
    code: "edge.keys_unavailable",
    title: "Access tokens cannot be verified at the moment.",
    headers: retrySoon,
  },
  {
    status: 401,
    code: "auth.token_invalid",
    title: "The access token is not valid.",
    headers: { "www-authenticate": invalidToken },
  },
  // Envoy answers 403 to a token for another audience. The services answer 401 to such a token, so the edge does too.
  {
    status: 403,
    details: "jwt_authn_access_denied",
    to: 401,
    code: "auth.token_invalid",
    title: "The access token is not valid.",
    headers: { "www-authenticate": invalidToken },
  },
  { status: 400, code: "edge.bad_request", title: "The request is malformed." },
  { status: 403, code: "edge.forbidden", title: "The request is not allowed." },
  { status: 404, code: "edge.not_found", title: "Route not found." },
  { status: 405, code: "edge.method_not_allowed", title: "This route does not support the method." },
  { status: 408, code: "edge.request_timeout", title: "The request did not arrive in time." },
  { status: 413, code: "edge.too_large", title: "The request body is larger than 1 MiB." },
  { status: 414, code: "edge.uri_too_long", title: "The request path is too long." },
  { status: 415, code: "edge.unsupported_media_type", title: "The media type is not supported." },
  { status: 426, code: "edge.http_version", title: "HTTP/1.1 or HTTP/2 is required." },
  { status: 429, code: "edge.rate_limited", title: "Too many requests from this address." },
  { status: 431, code: "edge.headers_too_large", title: "The request headers are too many or too large." },
  { status: 500, code: "edge.internal", title: "The request could not be processed." },
  { status: 502, code: "edge.bad_gateway", title: "The service sent an invalid response." },
  {
    status: 503,
    details: "overflow",
    code: "edge.overloaded",
    title: "The service is overloaded.",
    headers: retrySoon,
  },
  { status: 503, code: "edge.unavailable", title: "The service is unavailable.", headers: retrySoon },
  { status: 504, code: "edge.timeout", title: "The service did not respond in time." },
];

/** The response body. `traceId` is empty if the request is refused while it is being parsed: it has no trace yet. */
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
      "@type": typeUrl("extensions.access_loggers.filters.cel.v3.ExpressionFilter"),
      expression: `response.code_details.contains("${details}")`,
    },
  },
});

/** Documents are Envoy's own responses too, but they are not errors. Their body is not replaced. */
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
  headers_to_add: setHeaders(row.headers ?? {}),
}));

export const localReplies = {
  mappers: [document, ...problems],
  body_format: problem("%RESPONSE_CODE%", "edge.refused", "The request was refused."),
};
