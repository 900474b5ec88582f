import type { ServiceName } from "../services/_contracts/services";

/**
 * The table of all routes that clients can reach. A path that is neither here nor in documents/documents.ts is answered
 * with 404, and a method that is not listed for its path with 405. Some services do not implement all of their routes
 * yet and answer 404 to the others: docs/api-gateway-design.md lists them.
 */
export type Route = {
  service: ServiceName;
  /** The path as the service sees it. `{…}` stands for one segment. If two paths match a request, the first one applies. */
  path: string;
  /** Methods that need no access token. */
  public?: Method[];
  /** Methods that need an access token. */
  token?: Method[];
  /** The path has no version prefix. */
  root?: true;
  timeoutSeconds?: number;
  /** Server-sent events: no timeout, no retries, and a cluster of its own (see `clusterName`). */
  stream?: true;
  /** The stricter rate limit per client address, for routes that check passwords or create accounts. */
  limited?: true;
};

export type Method = "GET" | "POST" | "PUT" | "DELETE";

/** Each route is served under all of these prefixes. Services build links with the first one. */
export const versionPrefixes = ["/api/v1", "/api"] as const;

export const routes: Route[] = [
  { service: "inventory", path: "/products", public: ["GET"] },
  { service: "inventory", path: "/products/{productId}", public: ["GET"], token: ["PUT"] },
  { service: "inventory", path: "/products/{productId}/stock", token: ["POST"] },

  { service: "order", path: "/orders", token: ["POST"] },
  { service: "order", path: "/orders/user/{userId}", token: ["GET"] },
  { service: "order", path: "/orders/{id}", token: ["GET", "DELETE"] },
  { service: "order", path: "/orders/{id}/status", token: ["PUT"] },
  { service: "order", path: "/orders/{id}/events", token: ["GET"], stream: true },

  // The service waits up to 5 s for the provider and then needs time to respond.
  { service: "payment", path: "/payments/process", token: ["POST"], timeoutSeconds: 10 },
  // The provider signs these requests. The service does not accept them yet and answers 404 (ADR 0008).
  { service: "payment", path: "/payments/webhooks/stripe", public: ["POST"] },
  { service: "payment", path: "/payments/webhooks/paypal", public: ["POST"] },
  { service: "payment", path: "/payments/order/{orderId}", token: ["GET"] },
  { service: "payment", path: "/payments/{id}", token: ["GET"] },
  { service: "payment", path: "/payments/{id}/continue", token: ["POST"] },
  { service: "payment", path: "/payments/{id}/refund", token: ["POST"] },

  { service: "user", path: "/auth/login", public: ["POST"], limited: true },
  { service: "user", path: "/auth/register", public: ["POST"], limited: true },
  // The body of these requests holds a refresh token or a token from a mail.
  { service: "user", path: "/auth/refresh", public: ["POST"] },
  { service: "user", path: "/auth/logout", public: ["POST"] },
  { service: "user", path: "/auth/verify-email", public: ["POST"] },
  { service: "user", path: "/auth/forgot-password", public: ["POST"] },
  { service: "user", path: "/auth/reset-password", public: ["POST"] },

  { service: "user", path: "/users/profile", token: ["GET", "PUT", "DELETE"] },
  { service: "user", path: "/users/api-keys", token: ["GET", "POST"] },
  { service: "user", path: "/users/api-keys/{keyId}", token: ["DELETE"] },
  { service: "user", path: "/users", token: ["GET"] },
  { service: "user", path: "/users/{id}", token: ["GET"] },
  { service: "user", path: "/users/{id}/roles", token: ["POST"] },
  { service: "user", path: "/users/{id}/roles/{role}", token: ["DELETE"] },

  { service: "user", path: "/.well-known/jwks.json", public: ["GET"], root: true },
  { service: "user", path: "/.well-known/openid-configuration", public: ["GET"], root: true },
  { service: "user", path: "/oauth/authorize", public: ["GET", "POST"], root: true },
  { service: "user", path: "/oauth/token", public: ["POST"], root: true },
  { service: "user", path: "/oauth/revoke", public: ["POST"], root: true },
];
