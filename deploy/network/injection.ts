import { connections, ports } from "../topology";
import { isMeshed, isProvider } from "./parties";

/** Outgoing connections from the mesh to what is not in it, such as stores. They bypass the sidecar. */
const bypassing = connections
  .filter(({ from, to }) => isMeshed(from) && !isMeshed(to) && !isProvider(to) && to !== "dns")
  .map(({ port }) => port);

/** What Deployments of the mesh get. They join it one by one: the stores in the same namespace stay outside. */
const podTemplate = (annotations: Record<string, string>) => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "any" },
  spec: {
    template: {
      metadata: {
        labels: { "sidecar.istio.io/inject": "true" },
        annotations: {
          "traffic.sidecar.istio.io/excludeOutboundPorts": [...new Set(bypassing)].toSorted((a, b) => a - b).join(","),
          ...annotations,
        },
      },
    },
  },
});

/** The sidecar's agent reads the metrics here and serves them, together with its own, to scrapers without a certificate. */
export const serviceTemplate = podTemplate({
  "prometheus.io/scrape": "true",
  "prometheus.io/port": String(ports.service),
  "prometheus.io/path": "/metrics",
});

/** The edge is an Envoy, too. Its metrics would have the same names as the sidecar's, so its port bypasses the sidecar. */
export const edgeTemplate = podTemplate({
  "prometheus.istio.io/merge-metrics": "false",
  "traffic.sidecar.istio.io/excludeInboundPorts": String(ports.edgeOperations),
});
