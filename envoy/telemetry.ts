/**
 * Envoy starts every trace and hands it on as `traceparent`. At 0 % nothing is recorded or sent, and the flag says
 * "not sampled"; the ids still join logs, errors and messages. Envoy insists on an exporter, so there always is one;
 * the cluster behind it may be empty.
 */
export const tracing = (samplePercent: number) => ({
  random_sampling: { value: samplePercent },
  provider: {
    name: "envoy.tracers.opentelemetry",
    typed_config: {
      "@type": "type.googleapis.com/envoy.config.trace.v3.OpenTelemetryConfig",
      service_name: "edge",
      http_service: { http_uri: { uri: "http://collector/v1/traces", cluster: "collector", timeout: "1s" } },
    },
  },
});

/** Looks like a card number: 13 digits in a row, or groups of four. A UUID has at most 12 in a row. */
const CARD_LIKE = ".*([0-9]{13}|([0-9]{4}([-+._]|%20)){3}[0-9]).*";

const line = {
  time: "%START_TIME%",
  traceId: "%TRACE_ID%",
  method: "%REQ(:METHOD)%",
  route: "%ROUTE_NAME%",
  status: "%RESPONSE_CODE%",
  flags: "%RESPONSE_FLAGS%",
  details: "%RESPONSE_CODE_DETAILS%",
  durationMs: "%DURATION%",
  upstreamMs: "%RESPONSE_DURATION%",
  bytesIn: "%BYTES_RECEIVED%",
  bytesOut: "%BYTES_SENT%",
  client: "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
  cluster: "%UPSTREAM_CLUSTER%",
  upstream: "%UPSTREAM_HOST%",
  userId: "%DYNAMIC_METADATA(envoy.filters.http.jwt_authn:token:sub)%",
};

const logger = (path: string, cardLike: boolean, fields: Record<string, string>) => ({
  name: "envoy.access_loggers.file",
  filter: {
    header_filter: {
      header: { name: ":path", string_match: { safe_regex: { regex: CARD_LIKE } }, invert_match: !cardLike },
    },
  },
  typed_config: {
    "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
    path,
    log_format: { json_format: fields, omit_empty_values: true },
  },
});

/** One JSON line a request. Never the query or a header; nor the path where it could hold a card number. */
export const accessLog = (path: string) => [
  logger(path, false, { ...line, path: "%PATH(NQ:PATH)%" }),
  logger(path, true, line),
];
