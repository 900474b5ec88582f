import { errorResponses, IdempotencyHeaders, Item, Money, PaymentMethod, Uuid } from "@shop/contracts/common";
import { IdsQuery, Payables } from "@shop/contracts/internal-api";
import { t } from "elysia";
import { type OrderStatus, orderStatuses } from "./domain/order";

/** What each route accepts and returns. Requests are validated by it, and the OpenAPI document is made from it. */

const text = (maxLength: number) => t.String({ minLength: 1, maxLength });
const time = (description?: string) => t.String({ format: "date-time", ...(description && { description }) });

const ShippingAddress = t.Object({
  name: text(100),
  line1: text(200),
  line2: t.Optional(text(200)),
  city: text(100),
  postalCode: text(20),
  country: t.String({ pattern: "^[A-Z]{2}$", description: "ISO 3166-1 alpha-2" }),
});

const Status = t.Unsafe<OrderStatus>(t.Union(orderStatuses.map((status) => t.Literal(status))));

const summary = {
  id: Uuid,
  userId: Uuid,
  status: Status,
  items: t.Array(t.Composite([Item, t.Object({ name: t.String(), unitPrice: Money })])),
  total: Money,
  holdExpiresAt: t.Optional(time("The order holds its stock until this time, and can be paid for until then")),
  payment: t.Optional(t.Object({ id: Uuid, status: t.String() })),
  shippingAddress: t.Optional(ShippingAddress),
  cancelRequested: t.Optional(time("When cancellation was first requested")),
  cancelReason: t.Optional(t.String()),
  createdAt: time(),
  updatedAt: time(),
};
const OrderSummary = t.Object(summary);
const OrderView = t.Object({
  ...summary,
  history: t.Array(
    t.Object({
      seq: t.Integer(),
      type: t.String(),
      at: time(),
      step: t.Optional(t.String()),
      outcome: t.Optional(t.String()),
      code: t.Optional(t.String()),
      status: t.Optional(t.String()),
      reason: t.Optional(t.String()),
    }),
  ),
});
const OrderPage = t.Object({ items: t.Array(OrderSummary), nextCursor: t.Nullable(t.String()) });

/** Only a description for the OpenAPI document: a stream is not validated. */
const LiveTimelineEvents = t.Unsafe<Response>(
  t.String({
    description:
      "`text/event-stream`. Event `timeline`: `id` is the entry's `seq`; `data` is the entry as in `history`, with the order's current status as `orderStatus`. Event `end` is the last one; its `reason` is `order_final`, `token_expired` or `shutting_down`",
  }),
);

const OrderId = t.Object({ id: Uuid });

export const placeOrder = {
  headers: IdempotencyHeaders,
  body: t.Object({
    items: t.Array(Item, { minItems: 1, maxItems: 50 }),
    paymentMethod: t.Optional(
      t.Composite([PaymentMethod], {
        description:
          "Charged at once. Without a payment method the order waits for POST /payments/process until `holdExpiresAt`",
      }),
    ),
    shippingAddress: t.Optional(ShippingAddress),
  }),
  response: { 201: OrderView, ...errorResponses(400, 401, 403, 409, 413, 415, 422, 503) },
};

export const getOrder = { params: OrderId, response: { 200: OrderView, ...errorResponses(401, 404, 422) } };

export const followOrder = {
  params: OrderId,
  headers: t.Object({
    "last-event-id": t.Optional(
      t.String({
        pattern: "^\\d{1,15}$",
        description: "The `id` of the last event that was received. The stream begins with the next one",
      }),
    ),
  }),
  response: { 200: LiveTimelineEvents, ...errorResponses(401, 404, 422, 429) },
};

export const cancelOrder = { params: OrderId, response: { 202: OrderView, ...errorResponses(401, 404, 409, 422) } };

export const setStatus = {
  params: OrderId,
  body: t.Object({
    status: t.Union([t.Literal("shipped"), t.Literal("delivered")]),
    reason: t.Optional(t.String({ minLength: 1, maxLength: 500, description: "A text for the buyer" })),
  }),
  response: { 200: OrderView, ...errorResponses(400, 401, 403, 404, 409, 413, 415, 422) },
};

export const listOrders = {
  params: t.Object({ userId: Uuid }),
  query: t.Object({
    status: t.Optional(Status),
    product: t.Optional(Uuid),
    from: t.Optional(time("Only orders placed at this time or later")),
    to: t.Optional(time("Only orders placed before this time")),
    limit: t.Integer({ minimum: 1, maximum: 100, default: 20 }),
    cursor: t.Optional(Uuid),
  }),
  response: { 200: OrderPage, ...errorResponses(401, 404, 422) },
};

export const getPayables = { query: IdsQuery, response: { 200: Payables, ...errorResponses(401, 403, 422) } };
