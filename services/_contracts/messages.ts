import type { Catalogue, DataOf, DraftOf, Message } from "@shop/kit/messaging/envelope";
import { t } from "elysia";
import { Item, Money, Uuid } from "./common";
import type { QueueName, ServiceName } from "./services";

const OrderLine = t.Composite([Item, t.Object({ name: t.String(), unitPrice: Money })]);

const order = t.Object({ orderId: Uuid, userId: Uuid, items: t.Array(OrderLine), total: Money });
const orderWithReason = t.Composite([order, t.Object({ reason: t.String({ description: "An error code" }) })]);
const payment = t.Object({ paymentId: Uuid, orderId: Uuid, amount: Money, provider: t.String() });

const reserveSteps = ["place-order/stock", "place-unpaid-order/stock", "take-payment/stock"];
const releaseSteps = [
  ...reserveSteps.map((step) => `undo of ${step}`),
  ...["cancel-order/restock", "cancel-unpaid-order/restock"],
];

type Entry = Catalogue[string] & {
  /** A command asks one service to do something; an event says what happened. */
  kind: "command" | "event";
  from: ServiceName;
  /** The queues that receive the message. */
  to: readonly QueueName[];
  /** Shown in docs/asyncapi.json. */
  summary: string;
  /**
   * The saga steps that the message starts or replies to: `<saga>/<step>`, or `undo of <saga>/<step>` for a compensation. A
   * command starts a step and an event replies to it, except in `take-payment/payment`: `order.status_changed` starts that
   * step, and `order.settle` or `order.abandon` is the reply.
   */
  steps?: readonly string[];
};

/**
 * The published language: every message with its version, sender and receivers, grouped by the service in its name. A command is
 * named `<receiver>.<verb>`, an event `<sender>.<past tense>`. The reply to a saga step carries the saga's id. One file, so that
 * the whole language can be read in one place.
 */
export const messages = {
  // user
  "user.registered": {
    kind: "event",
    version: 1,
    from: "user",
    to: ["notification"],
    summary: "A user registered. Notification sends a welcome mail with a link to verify the address.",
    data: t.Object({ userId: Uuid, email: t.String(), name: t.String() }),
  },
  "user.email_changed": {
    kind: "event",
    version: 1,
    from: "user",
    to: ["notification"],
    summary: "A user changed their e-mail address. Notification sends a link to verify it to the new address.",
    data: t.Object({ userId: Uuid, email: t.String(), name: t.String() }),
  },

  // order
  "order.created": {
    kind: "event",
    version: 1,
    from: "order",
    to: [],
    summary: "An order was accepted. The event is kept in the order's history and is sent to no queue.",
    data: order,
  },
  "order.confirmed": {
    kind: "event",
    version: 1,
    from: "order",
    to: ["inventory", "notification"],
    summary: "An order is paid and confirmed. Inventory turns its hold into a sale; notification mails the buyer.",
    data: order,
  },
  "order.cancelled": {
    kind: "event",
    version: 1,
    from: "order",
    to: ["notification"],
    summary: "An order failed or was cancelled. No money and no stock is held for it. Notification mails the buyer.",
    data: orderWithReason,
  },
  "order.status_changed": {
    kind: "event",
    version: 2,
    from: "order",
    to: ["notification", "payment"],
    summary:
      "An order awaits payment, is being paid, is confirmed, shipped or delivered. Notification mails the buyer when it is shipped. For payment it is a reply: the money may be taken, the payment was accepted, or the order awaits payment again.",
    steps: ["pay-order/begin", "undo of pay-order/begin", "pay-order/settle", "take-payment/payment"],
    data: t.Object({
      orderId: Uuid,
      userId: Uuid,
      from: t.String(),
      to: t.String(),
      reason: t.Optional(t.String({ description: "Shown to the buyer. Since version 2." })),
    }),
  },
  "order.begin": {
    kind: "command",
    version: 1,
    from: "payment",
    to: ["order"],
    summary: "Begin the payment of an order that awaits payment: pin its hold and wait for the money.",
    steps: ["pay-order/begin"],
    data: t.Object({ orderId: Uuid, paymentId: Uuid }),
  },
  "order.settle": {
    kind: "command",
    version: 1,
    from: "payment",
    to: ["order"],
    summary: "The money for the order was captured: confirm the order.",
    steps: ["pay-order/settle", "take-payment/payment"],
    data: t.Object({ orderId: Uuid, paymentId: Uuid }),
  },
  "order.abandon": {
    kind: "command",
    version: 1,
    from: "payment",
    to: ["order"],
    summary: "This payment failed for good: continue without it.",
    steps: ["undo of pay-order/begin", "take-payment/payment"],
    data: t.Object({ orderId: Uuid, paymentId: Uuid, code: t.String({ description: "An error code" }) }),
  },
  "order.payment_refused": {
    kind: "event",
    version: 1,
    from: "order",
    to: ["payment"],
    summary: "The order does not accept this payment, now or later.",
    steps: ["pay-order/begin", "undo of pay-order/begin", "pay-order/settle"],
    data: t.Object({ orderId: Uuid, paymentId: Uuid, code: t.String({ description: "An error code" }) }),
  },

  // inventory
  "inventory.reserve": {
    kind: "command",
    version: 1,
    from: "order",
    to: ["inventory"],
    summary: "Hold all items of the order, or none.",
    steps: reserveSteps,
    data: t.Object({
      orderId: Uuid,
      items: t.Array(Item),
      expiresAt: t.Optional(
        t.String({ description: "When the hold lapses by itself. Without it the hold is pinned." }),
      ),
    }),
  },
  "inventory.release": {
    kind: "command",
    version: 1,
    from: "order",
    to: ["inventory"],
    summary:
      "Return the stock that is held for the order or was sold to it. If it arrives before the reserve, it leaves a tombstone that rejects the reserve.",
    steps: releaseSteps,
    data: t.Object({ orderId: Uuid }),
  },
  "inventory.updated": {
    kind: "event",
    version: 1,
    from: "inventory",
    to: ["order"],
    summary:
      "The stock of an order was reserved, rejected or released. `low` reports that a product is running out; it is no reply.",
    steps: [...reserveSteps, ...releaseSteps],
    data: t.Object({
      orderId: Uuid,
      change: t.Union([t.Literal("reserved"), t.Literal("rejected"), t.Literal("released"), t.Literal("low")]),
      items: t.Array(Item),
      code: t.Optional(t.String({ description: "The reason; only with `rejected`" })),
    }),
  },

  // payment
  "payment.charge": {
    kind: "command",
    version: 1,
    from: "order",
    to: ["payment"],
    summary: "Charge the buyer for the order. The message has no amount: payment asks order for it.",
    steps: ["place-order/funds"],
    data: t.Object({
      orderId: Uuid,
      paymentMethod: t.Object({
        provider: t.String(),
        sealedToken: t.String({ description: "The provider's token, encrypted for the payment service (JWE)" }),
      }),
    }),
  },
  "payment.void": {
    kind: "command",
    version: 2,
    from: "order",
    to: ["payment"],
    summary:
      "Make sure that no money is held for the order. If it arrives before the charge, it leaves a tombstone that refuses the charge.",
    steps: ["undo of place-order/funds", "undo of take-payment/payment", "cancel-order/give_back"],
    data: t.Object({
      orderId: Uuid,
      reason: t.String({ description: "An error code" }),
      paymentId: t.Optional(
        t.String({
          format: "uuid",
          description:
            "The payment, if another saga created it. Without it: the payment of the sending saga. Since version 2.",
        }),
      ),
    }),
  },
  "payment.processed": {
    kind: "event",
    version: 1,
    from: "payment",
    to: ["order"],
    summary: "The money was captured.",
    steps: ["place-order/funds", "pay-order/funds"],
    data: payment,
  },
  "payment.failed": {
    kind: "event",
    version: 1,
    from: "payment",
    to: ["order"],
    summary: "The charge was refused. No money is held.",
    steps: ["place-order/funds", "pay-order/funds"],
    data: t.Composite([payment, t.Object({ code: t.String({ description: "An error code" }) })]),
  },
  "payment.voided": {
    kind: "event",
    version: 1,
    from: "payment",
    to: ["order"],
    summary: "No money is held for the order any more, or none ever was.",
    steps: ["undo of place-order/funds", "undo of take-payment/payment", "cancel-order/give_back", "pay-order/funds"],
    data: t.Object({ orderId: Uuid, paymentId: Uuid }),
  },
  "payment.refunded": {
    kind: "event",
    version: 1,
    from: "payment",
    to: ["order", "notification"],
    summary:
      "Captured money was returned to the buyer. The service that requested it gets its reply separately. Notification mails the buyer.",
    data: t.Composite([payment, t.Object({ userId: Uuid, refundId: Uuid, refunded: Money })]),
  },
} as const satisfies Record<string, Entry>;

export type Messages = typeof messages;
export type MessageType = keyof Messages;
export type Draft = DraftOf<Messages>;
export type DataFor<T extends MessageType> = DataOf<Messages, T>;
export type MessageFor<T extends MessageType> = Message<T, DataFor<T>>;

export const isCommand = (type: MessageType): boolean => messages[type].kind === "command";

export const sagaSteps = (type: MessageType): readonly string[] => (messages[type] as Entry).steps ?? [];

/** Whether a message has this type; narrows its data accordingly. */
export const isMessage = <T extends MessageType>(message: Message, type: T): message is MessageFor<T> =>
  message.type === type;
