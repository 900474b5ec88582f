import { ports } from "../topology";
import { istio, type Manifest } from "./manifest";
import { toHost } from "./traffic";

/** The Secret with the certificate, in the namespace of the gateway's pods. */
export const certificateSecret = "shop-tls";

/** The way from the internet: TLS ends at the gateway, and every path leads to the edge. */
export const gateway = (host: string): Manifest[] => [
  istio("networking", "Gateway", "shop", {
    selector: { istio: "ingress" },
    servers: [
      {
        port: { number: 443, name: "https", protocol: "HTTPS" },
        hosts: [host],
        tls: { mode: "SIMPLE", minProtocolVersion: "TLSV1_2", credentialName: certificateSecret },
      },
      {
        port: { number: 80, name: "http", protocol: "HTTP" },
        hosts: [host],
        tls: { httpsRedirect: true },
      },
    ],
  }),
  istio("networking", "VirtualService", "shop", {
    hosts: [host],
    gateways: ["shop"],
    http: [
      {
        name: "edge",
        ...toHost("edge", ports.edge),
        headers: { response: { set: { "strict-transport-security": "max-age=31536000" } } },
      },
    ],
  }),
];

export const certificate = (host: string): Manifest => ({
  apiVersion: "cert-manager.io/v1",
  kind: "Certificate",
  metadata: { name: certificateSecret },
  spec: {
    secretName: certificateSecret,
    dnsNames: [host],
    issuerRef: { kind: "ClusterIssuer", name: "letsencrypt" },
  },
});
