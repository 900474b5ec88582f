import { addressLimit } from "./address-limit";
import type { Document } from "./documents";
import { clusterName, type Method, type Route, routes, versionPrefixes } from "./routes";

/** One path segment: no dot, semicolon or percent sign, so nothing a service could read differently. */
const SEGMENT = "[A-Za-z0-9_-]+";
const ROUTE_TIMEOUT_SECONDS = 15;
/** A stream that says nothing for so long is dead: a service sends a heartbeat every 15 s. */
const STREAM_SILENCE_SECONDS = 60;
const largestDocumentBytes = 1024 * 1024;

const type = (name: string) => `type.googleapis.com/envoy.${name}`;
const duration = (seconds: number) => `${seconds}s`;

/** Expands the table in routes.ts into Envoy's route configuration. The first route that matches is taken. */
export function routeConfig(o: {
  allowedOrigins: string[];
  authPerMinute: number;
  /** `filename`: where Envoy finds it. */
  documents: (Document & { filename: string })[];
}) {
  const expanded = routes.flatMap((route) =>
    prefixesOf(route).flatMap((prefix) => [
      ...(route.public ?? []).map((method) => toService(route, prefix, method, noToken, o.authPerMinute)),
      ...(route.token ?? []).map((method) => toService(route, prefix, method, accessToken, o.authPerMinute)),
      methodNotAllowed(route, prefix),
    ]),
  );
  return {
    "@type": type("config.route.v3.RouteConfiguration"),
    name: "edge",
    virtual_hosts: [
      {
        name: "edge",
        domains: ["*"],
        routes: [twoHosts, tunnel, preflight, ...o.documents.flatMap(toDocument), ...expanded, notFound],
        typed_per_filter_config: { "envoy.filters.http.cors": corsPolicy(o.allowedOrigins) },
      },
    ],
    max_direct_response_body_size_bytes: largestDocumentBytes,
    validate_clusters: false,
  };
}

/** A bucket belongs to one route, so a limited one has all versions in it: an alias must not double the allowance. */
const prefixesOf = (route: Route): readonly string[] => {
  if (route.root) return [""];
  return route.limited ? [`(${versionPrefixes.join("|")})`] : versionPrefixes;
};

const jwt = (requirement: object) => ({
  "envoy.filters.http.jwt_authn": {
    "@type": type("extensions.filters.http.jwt_authn.v3.PerRouteConfig"),
    ...requirement,
  },
});
const accessToken = jwt({ requirement_name: "access-token" });
const noToken = jwt({ disabled: true });

function toService(route: Route, prefix: string, method: Method, requirement: object, authPerMinute: number) {
  return {
    name: `${method} ${prefix}${route.path}`,
    match: { ...pathMatch(route, prefix), headers: [{ name: ":method", string_match: { exact: method } }] },
    route: {
      cluster: clusterName(route),
      ...withoutPrefix(route, prefix),
      ...(route.stream
        ? { timeout: "0s", idle_timeout: duration(STREAM_SILENCE_SECONDS) }
        : { timeout: duration(route.timeoutSeconds ?? ROUTE_TIMEOUT_SECONDS), retry_policy: retryPolicy(method) }),
    },
    // What a service puts in front of its own paths when it writes a link, e.g. `Location`.
    ...(prefix && { request_headers_to_add: [overwrite("x-forwarded-prefix", versionPrefixes[0])] }),
    typed_per_filter_config: {
      ...requirement,
      ...(route.limited && {
        "envoy.filters.http.local_ratelimit": addressLimit({ name: "auth", count: authPerMinute, seconds: 60 }),
      }),
    },
  };
}

/** Answers of the edge itself need no token, and do not wait for a body. */
const atOnce = {
  ...noToken,
  "envoy.filters.http.buffer": { "@type": type("extensions.filters.http.buffer.v3.BufferPerRoute"), disabled: true },
};

const methodNotAllowed = (route: Route, prefix: string) =>
  otherMethods(`${prefix}${route.path}`, pathMatch(route, prefix), [...(route.public ?? []), ...(route.token ?? [])]);

const otherMethods = (path: string, match: object, allowed: Method[]) => ({
  name: `* ${path}`,
  match,
  direct_response: { status: 405 },
  response_headers_to_add: [overwrite("allow", allowed.join(", "))],
  typed_per_filter_config: atOnce,
});

const toDocument = ({ path, filename, headers }: Document & { filename: string }) => [
  {
    name: `GET ${path}`,
    match: { path, headers: [{ name: ":method", string_match: { exact: "GET" } }] },
    direct_response: { status: 200, body: { filename } },
    response_headers_to_add: Object.entries(headers).map(([key, value]) => overwrite(key, value)),
    typed_per_filter_config: atOnce,
  },
  otherMethods(path, { path }, ["GET"]),
];

/** Envoy joins repeated Host headers by a comma and would pass them on. */
const twoHosts = {
  name: "two hosts",
  match: { prefix: "/", headers: [{ name: ":authority", string_match: { contains: "," } }] },
  direct_response: { status: 400 },
  typed_per_filter_config: atOnce,
};

const tunnel = {
  name: "tunnel",
  match: { connect_matcher: {} },
  direct_response: { status: 405 },
  typed_per_filter_config: atOnce,
};

// The CORS filter ignores routes with a direct response. These two lead to a cluster that does not exist, which is a
// 404, so that browsers can read it and preflights find the policy.
const nowhere = { cluster: "nowhere", cluster_not_found_response_code: "NOT_FOUND" };

const preflight = {
  name: "preflight",
  match: {
    prefix: "/",
    headers: [
      { name: ":method", string_match: { exact: "OPTIONS" } },
      { name: "origin", present_match: true },
      { name: "access-control-request-method", present_match: true },
    ],
  },
  route: nowhere,
  typed_per_filter_config: atOnce,
};

const notFound = { name: "not found", match: { prefix: "/" }, route: nowhere, typed_per_filter_config: atOnce };

const isPattern = (text: string) => /[{(]/.test(text);

const pathMatch = (route: Route, prefix: string) => {
  const pattern = prefix + route.path.replaceAll(".", "\\.").replaceAll(/\{\w+\}/g, SEGMENT);
  return isPattern(prefix + route.path) ? { safe_regex: { regex: pattern } } : { path: prefix + route.path };
};

const withoutPrefix = (route: Route, prefix: string) => {
  if (!prefix) return {};
  if (!isPattern(prefix + route.path)) return { prefix_rewrite: route.path };
  return { regex_rewrite: { pattern: { regex: `^${prefix}` }, substitution: "" } };
};

/**
 * A read may be sent again whenever no answer came, or a failure. Anything else only if it certainly never reached a service, because
 * an order or a payment must not be sent twice.
 */
const retryPolicy = (method: Method) => ({
  retry_on: method === "GET" ? "5xx" : "connect-failure,refused-stream",
  num_retries: 2,
  retry_host_predicate: [
    {
      name: "envoy.retry_host_predicates.previous_hosts",
      typed_config: { "@type": type("extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate") },
    },
  ],
  host_selection_retry_max_attempts: 3,
  retry_back_off: { base_interval: "0.025s", max_interval: "0.25s" },
});

const corsPolicy = (allowedOrigins: string[]) => ({
  "@type": type("extensions.filters.http.cors.v3.CorsPolicy"),
  allow_origin_string_match: allowedOrigins.map((exact) => ({ exact })),
  // Another origin's preflight is answered too, without the headers that would allow anything.
  forward_not_matching_preflights: false,
  allow_methods: "GET, POST, PUT, DELETE",
  allow_headers: "authorization, content-type, idempotency-key, last-event-id",
  expose_headers: "location, retry-after, ratelimit-limit, ratelimit-remaining, ratelimit-reset, x-trace-id",
  max_age: "600",
});

const overwrite = (key: string, value: string) => ({
  header: { key, value },
  append_action: "OVERWRITE_IF_EXISTS_OR_ADD",
});
