import type { EdgeOptions } from "./config";
import { dnsNames } from "./dns";

/** What an operator decides about the edge. */
export type Shop = Pick<EdgeOptions, "limits" | "trustedProxies"> & {
  /** The URL at which clients reach the shop. It is also the issuer of access tokens. */
  shopUrl: string;
  /** Further origins whose pages may call the API. */
  allowedOrigins?: string[];
};

/**
 * The shop's URL in each overlay of deploy/k8s, and what else differs there. After a change, run `bun envoy/generate.ts`. It
 * writes the URL for the services, too.
 */
export const overlays = {
  // Reached with `kubectl port-forward service/edge 8080`.
  local: { shopUrl: "http://localhost:8080", traceSamplePercent: 100, trustedProxies: 0 },
  // In these two the Istio gateway terminates TLS.
  staging: { shopUrl: "https://staging.shop.example", traceSamplePercent: 100, trustedProxies: 1 },
  production: { shopUrl: "https://shop.example", traceSamplePercent: 10, trustedProxies: 1 },
} satisfies Record<string, Shop & { traceSamplePercent: number }>;

export type Overlay = keyof typeof overlays;
export const overlayNames = Object.keys(overlays) as Overlay[];

/** Every pod is an instance: the names are those of the headless Services. */
export const kubernetesEdge = (overlay: Overlay): EdgeOptions => inContainer("-pods", overlays[overlay]);

export const composeEdge = ({ development, ...shop }: Shop & { development: boolean }): EdgeOptions =>
  inContainer("", { ...shop, traceSamplePercent: development ? 100 : 10 });

/** Where the image of the edge has the documents. They cannot be in `configDir`, because the folder mounted there hides it. */
export const documentsDir = "/usr/share/shop/documents";
export const configDir = "/etc/envoy";

const collector = { host: "otel-collector", port: 4318 };

/** @param suffix what follows the name of a service in DNS */
function inContainer(suffix: string, o: Shop & { traceSamplePercent: number }): EdgeOptions {
  const { shopUrl, allowedOrigins = [], ...rest } = o;
  return {
    ...rest,
    ...{ configDir, documentsDir },
    ports: { edge: 8080, admin: 9901, ops: 9902 },
    issuer: shopUrl,
    allowedOrigins: [shopUrl, ...allowedOrigins],
    discovery: dnsNames((upstream) => (upstream === "collector" ? collector : { host: upstream + suffix, port: 3000 })),
    accessLogPath: "/dev/stdout",
  };
}
