import { addressLimit } from "../address-limit";
import { clusterName } from "../clusters";
import { setHeader, typeUrl } from "../envoy-api";
import { type Method, type Route, routes, versionPrefixes } from "../routes";
import { methodNotAllowed } from "./direct-responses";
import { accessTokenRequired, noTokenRequired } from "./token-requirement";

/** One path segment. It has no dot, semicolon or percent sign, so that Envoy and services read a path in the same way. */
const segmentPattern = "[A-Za-z0-9_-]+";
const routeTimeoutSeconds = 15;
/** A service sends a heartbeat every 15 s, so a stream without data for this long is broken. */
const streamIdleTimeoutSeconds = 60;

const duration = (seconds: number) => `${seconds}s`;

/** Envoy's routes for the table in routes.ts. */
export const serviceRoutes = (o: { authPerMinute: number }) =>
  routes.flatMap((route) => prefixesFor(route).flatMap((prefix) => routesAt(prefix, route, o.authPerMinute)));

/** A route for each method, followed by one that answers 405. */
function routesAt(prefix: string, route: Route, authPerMinute: number) {
  const { public: open = [], token = [] } = route;
  return [
    ...open.map((method) => toService(route, prefix, method, noTokenRequired, authPerMinute)),
    ...token.map((method) => toService(route, prefix, method, accessTokenRequired, authPerMinute)),
    methodNotAllowed(`${prefix}${route.path}`, pathMatch(route, prefix), [...open, ...token]),
  ];
}

/**
 * A limited route matches all prefixes with one pattern. Each route has its own token buckets, so two routes would
 * double the limit.
 */
function prefixesFor(route: Route): readonly string[] {
  if (route.root) return [""];
  return route.limited ? [`(${versionPrefixes.join("|")})`] : versionPrefixes;
}

function toService(route: Route, prefix: string, method: Method, tokenRequirement: object, authPerMinute: number) {
  return {
    name: `${method} ${prefix}${route.path}`,
    match: { ...pathMatch(route, prefix), headers: [{ name: ":method", string_match: { exact: method } }] },
    route: {
      cluster: clusterName(route),
      // Where instances are found by DNS, the service sees their name as its host and not the one that the client has sent.
      // A mesh routes by it (deploy/network/traffic.ts).
      auto_host_rewrite: true,
      ...removePrefix(route, prefix),
      ...(route.stream
        ? { timeout: "0s", idle_timeout: duration(streamIdleTimeoutSeconds) }
        : { timeout: duration(route.timeoutSeconds ?? routeTimeoutSeconds), retry_policy: retryPolicy(method) }),
    },
    // Services put this prefix in front of their own paths when they write links, e.g. in `Location`.
    ...(prefix && { request_headers_to_add: [setHeader("x-forwarded-prefix", versionPrefixes[0])] }),
    typed_per_filter_config: {
      ...tokenRequirement,
      ...(route.limited && {
        "envoy.filters.http.local_ratelimit": addressLimit({ name: "auth", count: authPerMinute, seconds: 60 }),
      }),
    },
  };
}

const isPattern = (path: string) => /[{(]/.test(path);

function pathMatch(route: Route, prefix: string) {
  const path = prefix + route.path;
  if (!isPattern(path)) return { path };
  const pattern = prefix + route.path.replaceAll(".", "\\.").replaceAll(/\{\w+\}/g, segmentPattern);
  return { safe_regex: { regex: pattern } };
}

function removePrefix(route: Route, prefix: string) {
  if (!prefix) return {};
  if (!isPattern(prefix + route.path)) return { prefix_rewrite: route.path };
  return { regex_rewrite: { pattern: { regex: `^${prefix}` }, substitution: "" } };
}

/**
 * A GET is retried after any failure or missing response. Other methods are retried only if the request certainly never
 * reached a service, because an order or a payment must not be sent twice.
 */
const retryPolicy = (method: Method) => ({
  retry_on: method === "GET" ? "5xx" : "connect-failure,refused-stream",
  num_retries: 2,
  retry_host_predicate: [
    {
      name: "envoy.retry_host_predicates.previous_hosts",
      typed_config: { "@type": typeUrl("extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate") },
    },
  ],
  host_selection_retry_max_attempts: 3,
  retry_back_off: { base_interval: "0.025s", max_interval: "0.25s" },
});
