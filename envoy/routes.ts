/**
 * The edge's table of contents: a path or method that is neither here nor a file in documents.ts does not exist outside
 * (404, 405).
 */
export type Route = {
  service: "user" | "order" | "payment" | "inventory";
  /** As the service sees it. `{…}` stands for one segment. Where two match, the one listed first is taken. */
  path: string;
  /** Methods anyone may call. */
  public?: Method[];
  /** Methods that need an access token. */
  token?: Method[];
  /** Reached at the origin's root, without a version prefix. */
  root?: true;
  timeoutSeconds?: number;
  /** Server-sent events: no timeout, never tried again, on connections of their own. */
  stream?: true;
  /** The strict bucket per client address, for what guesses passwords or makes accounts. */
  limited?: true;
};

export type Method = "GET" | "POST" | "PUT" | "DELETE";

/** Served side by side, each under its prefix; the first is what services are told to build links with. */
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

  // Waits up to 5 s for the provider, and leaves the service time to say so.
  { service: "payment", path: "/payments/process", token: ["POST"], timeoutSeconds: 10 },
  // Signed by the provider; the service verifies the signature on the raw body.
  { service: "payment", path: "/payments/webhooks/stripe", public: ["POST"] },
  { service: "payment", path: "/payments/webhooks/paypal", public: ["POST"] },
  { service: "payment", path: "/payments/order/{orderId}", token: ["GET"] },
  { service: "payment", path: "/payments/{id}", token: ["GET"] },
  { service: "payment", path: "/payments/{id}/continue", token: ["POST"] },
  { service: "payment", path: "/payments/{id}/refund", token: ["POST"] },

  { service: "user", path: "/auth/login", public: ["POST"], limited: true },
  { service: "user", path: "/auth/register", public: ["POST"], limited: true },
  // These carry a refresh token, or a mailed one, in the body.
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

export const routedServices = [...new Set(routes.map((route) => route.service))];

export const clusterName = ({ service, stream }: Route): string => (stream ? `${service}-streams` : service);
