import type { Catalogue, DataOf, DraftOf, Message } from "@shop/kit/messages";
import { t } from "elysia";
import { Item, Money, Uuid } from "./common";

const OrderLine = t.Composite([Item, t.Object({ name: t.String(), unitPrice: Money })]);

const order = t.Object({ orderId: Uuid, userId: Uuid, items: t.Array(OrderLine), total: Money });
const orderWithReason = t.Composite([order, t.Object({ reason: t.String() })]);
const payment = t.Object({ paymentId: Uuid, orderId: Uuid, amount: Money, provider: t.String() });

/**
 * The published language: every message, its version, and the services whose queues it goes to. Commands are named
 * `<service>.<verb>`, events in the past tense. A step's answer is the event that carries the saga's id.
 */
export const messages = {
  // user
  "user.registered": {
    version: 1,
    to: ["notification"],
    data: t.Object({ userId: Uuid, email: t.String(), name: t.String() }),
  },

  // order
  "order.created": { version: 1, to: [], data: order },
  "order.confirmed": { version: 1, to: ["inventory", "notification"], data: order },
  "order.cancelled": { version: 1, to: ["notification"], data: orderWithReason },
  /** Also payment's answer to `order.begin` (to: paying) and `order.settle` (to: confirmed). */
  "order.status_changed": {
    version: 2,
    to: ["notification", "payment"],
    data: t.Object({
      orderId: Uuid,
      userId: Uuid,
      from: t.String(),
      to: t.String(),
      /** For the buyer to read. Since version 2. */
      reason: t.Optional(t.String()),
    }),
  },
  /** Asked by payment, for a payment that its payer asked for: hold the stock for good and wait for the money. */
  "order.begin": { version: 1, to: ["order"], data: t.Object({ orderId: Uuid, paymentId: Uuid }) },
  /** The money is there. */
  "order.settle": { version: 1, to: ["order"], data: t.Object({ orderId: Uuid, paymentId: Uuid }) },
  /** There is and will be no money of this payment. */
  "order.abandon": { version: 1, to: ["order"], data: t.Object({ orderId: Uuid, paymentId: Uuid, code: t.String() }) },
  /** This payment does not pay the order, now or ever: the answer to `order.begin`, `order.settle` and `order.abandon`. */
  "order.payment_refused": {
    version: 1,
    to: ["payment"],
    data: t.Object({ orderId: Uuid, paymentId: Uuid, code: t.String() }),
  },

  // inventory
  "inventory.reserve": {
    version: 1,
    to: ["inventory"],
    data: t.Object({ orderId: Uuid, items: t.Array(Item), expiresAt: t.Optional(t.String()) }),
  },
  "inventory.release": { version: 1, to: ["inventory"], data: t.Object({ orderId: Uuid }) },
  "inventory.updated": {
    version: 1,
    to: ["order"],
    data: t.Object({
      orderId: Uuid,
      change: t.Union([t.Literal("reserved"), t.Literal("rejected"), t.Literal("released"), t.Literal("low")]),
      items: t.Array(Item),
      /** With `rejected`: why. */
      code: t.Optional(t.String()),
    }),
  },

  // payment
  "payment.charge": {
    version: 1,
    to: ["payment"],
    data: t.Object({
      orderId: Uuid,
      /** `token` is a JWE for payment's key: nobody on the way can read it. */
      paymentMethod: t.Object({ provider: t.String(), sealedToken: t.String() }),
    }),
  },
  "payment.void": {
    version: 2,
    to: ["payment"],
    data: t.Object({
      orderId: Uuid,
      reason: t.String(),
      /** Which payment, where another saga than the one that asks made it. Since version 2; without it: the asking saga's. */
      paymentId: t.Optional(Uuid),
    }),
  },
  "payment.processed": { version: 1, to: ["order"], data: payment },
  "payment.failed": { version: 1, to: ["order"], data: t.Composite([payment, t.Object({ code: t.String() })]) },
  /** No money is held for the order, whatever was before: the answer to `payment.void`. */
  "payment.voided": { version: 1, to: ["order"], data: t.Object({ orderId: Uuid, paymentId: Uuid }) },
  "payment.refunded": {
    version: 1,
    to: ["order"],
    data: t.Composite([payment, t.Object({ refundId: Uuid, refunded: Money })]),
  },
} as const satisfies Catalogue;

export type Messages = typeof messages;
export type MessageType = keyof Messages;
export type Draft = DraftOf<Messages>;
export type DataFor<T extends MessageType> = DataOf<Messages, T>;
export type MessageFor<T extends MessageType> = Message<T, DataFor<T>>;

/** Whether a message is of this type, with its data typed accordingly. */
export const isMessage = <T extends MessageType>(message: Message, type: T): message is MessageFor<T> =>
  message.type === type;
