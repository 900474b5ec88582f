/**
 * A token bucket for each client address (IPv6: each /64, because one client has that many addresses), kept in this
 * Envoy. It holds `count` and refills evenly over `seconds`.
 */
export function addressLimit(o: { name: string; count: number; seconds: number }) {
  const bucket = { max_tokens: o.count, tokens_per_fill: o.count, fill_interval: `${o.seconds}s` };
  const always = { default_value: { numerator: 100, denominator: "HUNDRED" } };
  const secondsToNext = String(Math.max(1, Math.ceil(o.seconds / o.count)));
  return {
    "@type": "type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit",
    stat_prefix: `edge_${o.name}`,
    // Without these two the filter only counts.
    filter_enabled: always,
    filter_enforced: always,
    // For requests that match no descriptor, which there are none of.
    token_bucket: { max_tokens: 1_000_000_000, tokens_per_fill: 1_000_000_000, fill_interval: "1s" },
    rate_limits: [{ actions: [{ masked_remote_address: { v4_prefix_mask_len: 32, v6_prefix_mask_len: 64 } }] }],
    // An entry without a value makes a bucket for every value seen; the least recently used are forgotten.
    descriptors: [{ entries: [{ key: "masked_remote_address" }], token_bucket: bucket }],
    max_dynamic_descriptors: 10_000,
    // Only on refusals: known beforehand, so they cost nothing on the way of every other answer.
    response_headers_to_add: Object.entries({
      "retry-after": secondsToNext,
      "ratelimit-limit": String(o.count),
      "ratelimit-remaining": "0",
      "ratelimit-reset": secondsToNext,
    }).map(([key, value]) => ({ header: { key, value }, append_action: "OVERWRITE_IF_EXISTS_OR_ADD" })),
  };
}
