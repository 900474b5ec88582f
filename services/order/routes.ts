import { problems, Uuid } from "@shop/contracts/common";
import { IdsQuery, Payables } from "@shop/contracts/internal-api";
import { access, type VerifyAccess } from "@shop/kit/auth/access";
import type { ServiceTokens } from "@shop/kit/auth/service-tokens";
import { eventStream } from "@shop/kit/http/sse";
import { Elysia, t } from "elysia";
import { cancelOrder } from "./commands/cancel-order";
import { placeOrder } from "./commands/place-order";
import { setStatus } from "./commands/set-status";
import type { Deps, StoredOrder } from "./deps";
import type { Order } from "./domain/order";
import {
  ListQuery,
  LiveTimelineEvents,
  LiveTimelineHeaders,
  OrderPage,
  OrderView,
  PlaceOrderBody,
  PlaceOrderHeaders,
  SetStatusBody,
} from "./model";
import { liveTimeline } from "./queries/live-timeline";
import { orderFor, ordersOf, payablesOf } from "./queries/order";

export const routes = (deps: Deps, auth: { verify: VerifyAccess; tokens: ServiceTokens }) =>
  new Elysia({ name: "order-routes" })
    .use(access(auth.verify))
    .post(
      "/orders",
      async ({ body, headers, user, set, request }) => {
        const stored = await placeOrder(deps, { ...body, userId: user.id, idempotencyKey: headers["idempotency-key"] });
        set.status = 201;
        // The edge says under which prefix it serves us.
        set.headers.location = `${request.headers.get("x-forwarded-prefix") ?? ""}/orders/${stored.order.id}`;
        return viewOf(stored);
      },
      {
        signedIn: true,
        headers: PlaceOrderHeaders,
        body: PlaceOrderBody,
        response: { 201: OrderView, ...problems(400, 401, 403, 409, 413, 415, 422, 503) },
      },
    )
    .get("/orders/:id", async ({ params, user }) => viewOf(await orderFor(deps, user, params.id)), {
      signedIn: true,
      params: t.Object({ id: Uuid }),
      response: { 200: OrderView, ...problems(401, 404, 422) },
    })
    .get(
      "/orders/:id/events",
      async ({ params, headers, user }) =>
        eventStream(await liveTimeline(deps, user, params.id, headers["last-event-id"])),
      {
        signedIn: true,
        params: t.Object({ id: Uuid }),
        headers: LiveTimelineHeaders,
        response: { 200: LiveTimelineEvents, ...problems(401, 404, 422, 429) },
      },
    )
    .delete(
      "/orders/:id",
      async ({ params, user, set }) => {
        const stored = await cancelOrder(deps, user, params.id);
        set.status = 202;
        return viewOf(stored);
      },
      { signedIn: true, params: t.Object({ id: Uuid }), response: { 202: OrderView, ...problems(401, 404, 409, 422) } },
    )
    .put(
      "/orders/:id/status",
      async ({ params, body }) => viewOf(await setStatus(deps, { ...body, orderId: params.id })),
      {
        permission: "orders:write",
        params: t.Object({ id: Uuid }),
        body: SetStatusBody,
        response: { 200: OrderView, ...problems(400, 401, 403, 404, 409, 413, 415, 422) },
      },
    )
    .get(
      "/orders/user/:userId",
      async ({ params, query, user }) => {
        const { from, to, ...rest } = query;
        const period = { ...(from && { from: new Date(from) }), ...(to && { to: new Date(to) }) };
        const page = await ordersOf(deps, user, { ...params, ...rest, ...period });
        return { items: page.items.map(summaryOf), nextCursor: page.nextCursor };
      },
      {
        signedIn: true,
        params: t.Object({ userId: Uuid }),
        query: ListQuery,
        response: { 200: OrderPage, ...problems(401, 404, 422) },
      },
    )
    .get(
      "/internal/orders/payable",
      async ({ query, headers }) => {
        await auth.tokens.verify(headers.authorization, ["payment"]);
        return payablesOf(deps, query.ids);
      },
      { query: IdsQuery, response: { 200: Payables, ...problems(401, 403, 422) } },
    );

const summaryOf = ({
  paymentMethod: _,
  refusedPayments: __,
  holdExpiresAt,
  cancelRequested,
  createdAt,
  updatedAt,
  ...order
}: Order) => ({
  ...order,
  ...(holdExpiresAt && { holdExpiresAt: holdExpiresAt.toISOString() }),
  ...(cancelRequested && { cancelRequested: cancelRequested.toISOString() }),
  createdAt: createdAt.toISOString(),
  updatedAt: updatedAt.toISOString(),
});

const viewOf = ({ order, timeline }: StoredOrder) => ({ ...summaryOf(order), history: timeline });
