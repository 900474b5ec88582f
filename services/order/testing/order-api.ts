import { type App, createApp } from "@shop/kit/http/app";
import { testClient } from "@shop/kit/testing/http";
import { silentLog } from "@shop/kit/testing/log";
import { testIssuer, testServiceTokens } from "@shop/kit/testing/tokens";
import type { Deps } from "../deps";
import { routes } from "../routes";
import { lamp, testOrders } from "./order-service";

/** The body of a request for two lamps, paid at once. */
export const anOrderBody = {
  items: [{ productId: lamp.id, quantity: 2 }],
  paymentMethod: { provider: "stripe", token: "pm_card_visa" },
};

type Line = { type: string; step?: string; outcome?: string; code?: string; status?: string; reason?: string };
/** An order as the API returns it; `code` if it returns an error. */
export type OrderBody = {
  id: string;
  status: string;
  items: unknown[];
  history: Line[];
  createdAt: string;
  holdExpiresAt?: string;
  code: string;
};

/** The routes of the order service on real stores, and clients with different permissions. */
export async function testOrderApi() {
  const service = await testOrders();
  const issuer = await testIssuer();
  const tokens = await testServiceTokens("order", "payment", "user");
  const routesWith = (deps: Deps) => routes(deps, { verify: issuer.verify, tokens: tokens.order });
  const health = { store: async () => {}, queue: () => true };
  const app: App = createApp({
    service: "order",
    serving: { routes: routesWith(service.deps), health },
    log: silentLog,
    draining: () => false,
  });
  const send = testClient(routesWith(service.deps));

  return {
    service,
    tokens,
    send,
    /** A client of routes whose dependencies are partly replaced. */
    clientWith: (over: Partial<Deps>) => testClient(routesWith({ ...service.deps, ...over })),
    /** Sends a request and leaves the response body unread, as a stream requires. */
    open: (path: string, headers: Record<string, string>) =>
      app.handle(new Request(`http://service.test${path}`, { headers })),
    async user(permissions: string[] = []) {
      const id = service.newUser();
      const authorization = await issuer.bearer(id, permissions);
      return {
        id,
        authorization,
        post: (over: object = {}, headers: Record<string, string> = {}) =>
          send<OrderBody>("POST", "/orders", { body: { ...anOrderBody, ...over }, authorization, headers }),
        cancel: (id: string) => send<OrderBody>("DELETE", `/orders/${id}`, { authorization }),
        setStatus: (id: string, status: unknown, reason?: string) =>
          send<OrderBody>("PUT", `/orders/${id}/status`, { body: { status, reason }, authorization }),
        get: <T = OrderBody>(path: string) => send<T>("GET", path, { authorization }),
      };
    },
    close: () => service.close(),
  };
}

export type TestOrderApi = Awaited<ReturnType<typeof testOrderApi>>;
