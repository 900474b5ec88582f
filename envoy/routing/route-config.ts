import type { Document } from "../documents/documents";
import { typeUrl } from "../envoy-api";
import { documentRoutes, notFound, preflight, repeatedHost, tunnel } from "./direct-responses";
import { serviceRoutes } from "./service-routes";

const documentBytesMax = 1024 * 1024;

/** Envoy's route configuration. The first route that matches a request applies. */
export function routeConfig(o: {
  allowedOrigins: string[];
  authPerMinute: number;
  documents: (Document & { filename: string })[];
}) {
  return {
    "@type": typeUrl("config.route.v3.RouteConfiguration"),
    name: "edge",
    virtual_hosts: [
      {
        name: "edge",
        domains: ["*"],
        routes: [
          ...[repeatedHost, tunnel, preflight],
          ...o.documents.flatMap(documentRoutes),
          ...serviceRoutes(o),
          notFound,
        ].map(withSpanName),
        typed_per_filter_config: { "envoy.filters.http.cors": corsPolicy(o.allowedOrigins) },
      },
    ],
    max_direct_response_body_size_bytes: documentBytesMax,
    // Two routes lead to a cluster that does not exist (`missingCluster` in direct-responses.ts).
    validate_clusters: false,
  };
}

/** A span is named after its route. By default its name would be the `Host` header, which the client chooses. */
const withSpanName = <R extends { name: string }>(route: R) => ({
  ...route,
  decorator: { operation: route.name, propagate: false },
});

const corsPolicy = (allowedOrigins: string[]) => ({
  "@type": typeUrl("extensions.filters.http.cors.v3.CorsPolicy"),
  allow_origin_string_match: allowedOrigins.map((exact) => ({ exact })),
  // Envoy also answers preflights from other origins, without the headers that would allow the request.
  forward_not_matching_preflights: false,
  allow_methods: "GET, POST, PUT, DELETE",
  allow_headers: "authorization, content-type, idempotency-key, last-event-id",
  expose_headers: "location, retry-after, ratelimit-limit, ratelimit-remaining, ratelimit-reset, x-trace-id",
  max_age: "600",
});
