import { access, type VerifyAccess } from "@shop/kit/auth/access";
import type { ServiceTokens } from "@shop/kit/auth/service-tokens";
import { eventStream } from "@shop/kit/http/sse";
import { Elysia } from "elysia";
import { cancelOrder } from "./commands/cancel-order";
import { placeOrder } from "./commands/place-order";
import { setStatus } from "./commands/set-status";
import type { Deps } from "./deps";
import * as schema from "./model";
import { liveTimeline } from "./queries/live-timeline";
import { getOrder, getPayables, listOrders } from "./queries/orders";
import { toLocation, toOrderPage, toOrderView } from "./responses";

export const routes = (deps: Deps, auth: { verify: VerifyAccess; tokens: ServiceTokens }) =>
  new Elysia({ name: "order-routes" })
    .use(access(auth.verify))
    .post(
      "/orders",
      async ({ body, headers, user, set, request }) => {
        const stored = await placeOrder(deps, { ...body, userId: user.id, idempotencyKey: headers["idempotency-key"] });
        set.status = 201;
        set.headers.location = toLocation(stored, request);
        return toOrderView(stored);
      },
      { signedIn: true, ...schema.placeOrder },
    )
    .get("/orders/:id", async ({ params, user }) => toOrderView(await getOrder(deps, user, params.id)), {
      signedIn: true,
      ...schema.getOrder,
    })
    .get(
      "/orders/:id/events",
      async ({ params, headers, user }) =>
        eventStream(await liveTimeline(deps, user, params.id, headers["last-event-id"])),
      { signedIn: true, ...schema.followOrder },
    )
    .delete(
      "/orders/:id",
      async ({ params, user, set }) => {
        const stored = await cancelOrder(deps, user, params.id);
        set.status = 202;
        return toOrderView(stored);
      },
      { signedIn: true, ...schema.cancelOrder },
    )
    .put(
      "/orders/:id/status",
      async ({ params, body }) => toOrderView(await setStatus(deps, { ...body, orderId: params.id })),
      { permission: "orders:write", ...schema.setStatus },
    )
    .get(
      "/orders/user/:userId",
      async ({ params, query, user }) => {
        const period = { from: toDate(query.from), to: toDate(query.to) };
        return toOrderPage(await listOrders(deps, user, { ...params, ...query, ...period }));
      },
      { signedIn: true, ...schema.listOrders },
    )
    .get(
      "/internal/orders/payable",
      async ({ query, headers }) => {
        await auth.tokens.verify(headers.authorization, ["payment"]);
        return getPayables(deps, query.ids);
      },
      schema.getPayables,
    );

const toDate = (time: string | undefined): Date | undefined => (time === undefined ? undefined : new Date(time));
