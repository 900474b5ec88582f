import type { Upstream } from "./clusters";
import type { Discovery } from "./config";
import { typeUrl } from "./envoy-api";

/**
 * Discovery by DNS: every address of the name is one instance. In Kubernetes the name must be that of a headless Service,
 * so that Envoy sees each pod. A name that does not exist has no instances, and requests for it are answered with 503. If
 * the DNS server does not answer, the instances that Envoy knows remain.
 */
export const dnsNames =
  (nameOf: (upstream: Upstream) => { host: string; port: number }): Discovery =>
  (upstream) => {
    const { host, port } = nameOf(upstream);
    const endpoint = { address: { socket_address: { address: host, port_value: port } } };
    return {
      cluster_type: {
        name: "envoy.cluster.dns",
        typed_config: {
          "@type": typeUrl("extensions.clusters.dns.v3.DnsCluster"),
          dns_lookup_family: "V4_PREFERRED",
          // An instance may receive requests for this long after DNS no longer has it. Therefore `respect_dns_ttl` stays
          // off: the TTL of Docker's DNS server is 600 s.
          dns_refresh_rate: "1s",
          dns_failure_refresh_rate: { base_interval: "1s", max_interval: "5s" },
          typed_dns_resolver_config: resolver,
        },
      },
      load_assignment: { cluster_name: upstream, endpoints: [{ lb_endpoints: [{ endpoint }] }] },
    };
  };

/** Envoy starts only when each name was looked up once. By default a lookup without an answer takes more than a minute. */
const resolver = {
  name: "envoy.network.dns_resolver.cares",
  typed_config: {
    "@type": typeUrl("extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig"),
    query_timeout_seconds: 1,
    query_tries: 2,
  },
};
