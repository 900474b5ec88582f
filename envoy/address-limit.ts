import { setHeaders, typeUrl } from "./envoy-api";

/**
 * Limits the requests of each client address with a token bucket that holds `count` tokens and refills evenly over
 * `seconds`. All addresses of an IPv6 /64 share one bucket, because one client has that many addresses. The buckets are
 * in the memory of this Envoy process.
 */
export function addressLimit(o: { name: string; count: number; seconds: number }) {
  const bucket = { max_tokens: o.count, tokens_per_fill: o.count, fill_interval: `${o.seconds}s` };
  const always = { default_value: { numerator: 100, denominator: "HUNDRED" } };
  const retryAfterSeconds = String(Math.max(1, Math.ceil(o.seconds / o.count)));
  return {
    "@type": typeUrl("extensions.filters.http.local_ratelimit.v3.LocalRateLimit"),
    stat_prefix: `edge_${o.name}`,
    // Both apply to 0 % of the requests by default, and then the filter refuses none.
    filter_enabled: always,
    filter_enforced: always,
    // Required by Envoy. Every request takes a token from this bucket too, so it is too large to run out.
    token_bucket: { max_tokens: 1_000_000_000, tokens_per_fill: 1_000_000_000, fill_interval: "1s" },
    rate_limits: [{ actions: [{ masked_remote_address: { v4_prefix_mask_len: 32, v6_prefix_mask_len: 64 } }] }],
    // An entry without a value makes one bucket for each address. The least recently used buckets are dropped.
    descriptors: [{ entries: [{ key: "masked_remote_address" }], token_bucket: bucket }],
    max_dynamic_descriptors: 10_000,
    // Envoy adds these headers only to responses that refuse a request. Their values are constants.
    response_headers_to_add: setHeaders({
      "retry-after": retryAfterSeconds,
      "ratelimit-limit": String(o.count),
      "ratelimit-remaining": "0",
      "ratelimit-reset": retryAfterSeconds,
    }),
  };
}
