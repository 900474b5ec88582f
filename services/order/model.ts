import { IdempotencyHeaders, Item, Money, PaymentMethod, Uuid } from "@shop/contracts/common";
import { t } from "elysia";
import { type OrderStatus, orderStatuses } from "./domain/order";

const text = (maxLength: number) => t.String({ minLength: 1, maxLength });

const ShippingAddress = t.Object({
  name: text(100),
  line1: text(200),
  line2: t.Optional(text(200)),
  city: text(100),
  postalCode: text(20),
  country: t.String({ pattern: "^[A-Z]{2}$", description: "ISO 3166-1 alpha-2" }),
});

export const PlaceOrderBody = t.Object({
  items: t.Array(Item, { minItems: 1, maxItems: 50 }),
  paymentMethod: t.Optional(
    t.Composite([PaymentMethod], {
      description: "Charged at once. Without it the order waits for POST /payments/process, until `holdExpiresAt`",
    }),
  ),
  shippingAddress: t.Optional(ShippingAddress),
});

export const PlaceOrderHeaders = IdempotencyHeaders;

const Status = t.Unsafe<OrderStatus>(t.Union(orderStatuses.map((status) => t.Literal(status))));

const summary = {
  id: Uuid,
  userId: Uuid,
  status: Status,
  items: t.Array(t.Composite([Item, t.Object({ name: t.String(), unitPrice: Money })])),
  total: Money,
  holdExpiresAt: t.Optional(
    t.String({ format: "date-time", description: "Until when it waits to be paid for and holds its stock" }),
  ),
  payment: t.Optional(t.Object({ id: Uuid, status: t.String() })),
  shippingAddress: t.Optional(ShippingAddress),
  cancelRequested: t.Optional(
    t.String({ format: "date-time", description: "Since when its owner wants it cancelled" }),
  ),
  cancelReason: t.Optional(t.String()),
  createdAt: t.String({ format: "date-time" }),
  updatedAt: t.String({ format: "date-time" }),
};

export const OrderSummary = t.Object(summary);
export const OrderView = t.Object({
  ...summary,
  history: t.Array(
    t.Object({
      seq: t.Integer(),
      type: t.String(),
      at: t.String({ format: "date-time" }),
      step: t.Optional(t.String()),
      outcome: t.Optional(t.String()),
      code: t.Optional(t.String()),
      status: t.Optional(t.String()),
      reason: t.Optional(t.String()),
    }),
  ),
});
export const LiveTimelineHeaders = t.Object({
  "last-event-id": t.Optional(
    t.String({ pattern: "^\\d{1,15}$", description: "The `id` of the last event received; what follows it is sent" }),
  ),
});
/** For the description only: a stream is not checked. */
export const LiveTimelineEvents = t.Unsafe<Response>(
  t.String({
    description:
      "`text/event-stream`. Event `timeline`: `id` is the entry's `seq`, `data` the entry as in `history`, with `orderStatus`. Event `end`: why it ends, in `reason`: `order_final`, `token_expired` or `shutting_down`",
  }),
);
export const OrderPage = t.Object({ items: t.Array(OrderSummary), nextCursor: t.Nullable(t.String()) });
export const SetStatusBody = t.Object({
  status: t.Union([t.Literal("shipped"), t.Literal("delivered")]),
  reason: t.Optional(t.String({ minLength: 1, maxLength: 500, description: "For the buyer to read" })),
});
const moment = (description: string) => t.Optional(t.String({ format: "date-time", description }));
export const ListQuery = t.Object({
  status: t.Optional(Status),
  product: t.Optional(Uuid),
  from: moment("Placed then or later"),
  to: moment("Placed before"),
  limit: t.Integer({ minimum: 1, maximum: 100, default: 20 }),
  cursor: t.Optional(Uuid),
});
