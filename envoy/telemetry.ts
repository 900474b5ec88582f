import { clusters } from "./clusters";
import { typeUrl } from "./envoy-api";

/**
 * Envoy starts every trace and sends its id to the services as `traceparent`. At 0 % no trace is recorded or exported,
 * and `traceparent` says "not sampled". The ids still connect logs, errors and messages. Envoy requires an exporter, so
 * there is one even if the cluster `collector` has no instance.
 */
export const tracing = (samplePercent: number) => ({
  random_sampling: { value: samplePercent },
  // A span has a tag with the URL, whose path and query can contain a card number. The route is in the span's name.
  max_path_tag_length: 1,
  provider: {
    name: "envoy.tracers.opentelemetry",
    typed_config: {
      "@type": typeUrl("config.trace.v3.OpenTelemetryConfig"),
      service_name: "edge",
      http_service: { http_uri: { uri: "http://collector/v1/traces", cluster: "collector", timeout: "1s" } },
    },
  },
});

/** Matches what looks like a card number: 13 digits in a row, or groups of four. A UUID has at most 12 digits in a row. */
const cardNumberPattern = ".*([0-9]{13}|([0-9]{4}([-+._]|%20)){3}[0-9]).*";

const fields = {
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

const fileLog = (path: string, o: { forCardNumbers: boolean; fields: Record<string, string> }) => ({
  name: "envoy.access_loggers.file",
  filter: {
    header_filter: {
      header: {
        name: ":path",
        string_match: { safe_regex: { regex: cardNumberPattern } },
        invert_match: !o.forCardNumbers,
      },
    },
  },
  typed_config: {
    "@type": typeUrl("extensions.access_loggers.file.v3.FileAccessLog"),
    path,
    log_format: { json_format: o.fields, omit_empty_values: true },
  },
});

/**
 * One JSON line for each request. It never contains the query or a header. It contains the path only if neither path
 * nor query has digits that could be a card number.
 */
export const accessLog = (path: string) => [
  fileLog(path, { forCardNumbers: false, fields: { ...fields, path: "%PATH(NQ:PATH)%" } }),
  fileLog(path, { forCardNumbers: true, fields }),
];

/** The statistics that Envoy keeps. The ops listener and its cluster have none, so scrapes and probes do not count as load. */
export const usedStats = [
  ...["http.edge.", "listener.edge.", "edge_", "overload.", "server.", "tracing."],
  ...[...clusters.keys()].map((name) => `cluster.${name}.`),
].map((prefix) => ({ prefix }));
