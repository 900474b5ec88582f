import type { Document } from "../documents/documents";
import { setHeader, setHeaders, typeUrl } from "../envoy-api";
import type { Method } from "../routes";
import { noTokenRequired } from "./token-requirement";

/** Settings of the routes that Envoy answers itself. They need no token and do not wait for the request body. */
const answeredByEnvoy = {
  ...noTokenRequired,
  "envoy.filters.http.buffer": { "@type": typeUrl("extensions.filters.http.buffer.v3.BufferPerRoute"), disabled: true },
};

/** Answers 405 to all methods for which the path has no earlier route. */
export const methodNotAllowed = (path: string, match: object, allowed: Method[]) => ({
  name: `* ${path}`,
  match,
  direct_response: { status: 405 },
  response_headers_to_add: [setHeader("allow", allowed.join(", "))],
  typed_per_filter_config: answeredByEnvoy,
});

/** @param filename the path at which Envoy finds the document */
export const documentRoutes = ({ path, filename, headers }: Document & { filename: string }) => [
  {
    name: `GET ${path}`,
    match: { path, headers: [{ name: ":method", string_match: { exact: "GET" } }] },
    direct_response: { status: 200, body: { filename } },
    response_headers_to_add: setHeaders(headers),
    typed_per_filter_config: answeredByEnvoy,
  },
  methodNotAllowed(path, { path }, ["GET"]),
];

/** Refuses repeated Host headers: Envoy joins them with a comma and would send the result to the service. */
export const repeatedHost = {
  name: "two hosts",
  match: { prefix: "/", headers: [{ name: ":authority", string_match: { contains: "," } }] },
  direct_response: { status: 400 },
  typed_per_filter_config: answeredByEnvoy,
};

/** Refuses the method CONNECT. */
export const tunnel = {
  name: "tunnel",
  match: { connect_matcher: {} },
  direct_response: { status: 405 },
  typed_per_filter_config: answeredByEnvoy,
};

// The CORS filter ignores routes with a direct response: a page could not read the 404, and a preflight would find no
// CORS policy. Therefore the next two routes lead to a cluster that does not exist. Envoy answers 404 to that, too.
const missingCluster = { cluster: "nowhere", cluster_not_found_response_code: "NOT_FOUND" };

/** The CORS filter answers preflights before this route takes effect. */
export const preflight = {
  name: "preflight",
  match: {
    prefix: "/",
    headers: [
      { name: ":method", string_match: { exact: "OPTIONS" } },
      { name: "origin", present_match: true },
      { name: "access-control-request-method", present_match: true },
    ],
  },
  route: missingCluster,
  typed_per_filter_config: answeredByEnvoy,
};

export const notFound = {
  name: "not found",
  match: { prefix: "/" },
  route: missingCluster,
  typed_per_filter_config: answeredByEnvoy,
};
