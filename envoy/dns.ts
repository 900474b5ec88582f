import type { Upstream } from "./clusters";
import type { Discovery } from "./config";
import { typeUrl } from "./envoy-api";

/**
 * Discovery by DNS: every address of the name is one instance. In Kubernetes the name must be that of a headless Service,
 * so that Envoy sees each pod. A name that cannot be resolved has no instances, and requests for it are answered with 503.
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
        },
      },
      load_assignment: { cluster_name: upstream, endpoints: [{ lb_endpoints: [{ endpoint }] }] },
    };
  };
