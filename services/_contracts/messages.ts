import type { Catalogue, DataOf, DraftOf, Message } from "@shop/kit/messaging/envelope";
import { t } from "elysia";
import { Item, Money, Uuid } from "./common";
import type { QueueName, ServiceName } from "./services";

const OrderLine = t.Composite([Item, t.Object({ name: t.String(), unitPrice: Money })]);

const order = t.Object({ orderId: Uuid, userId: Uuid, items: t.Array(OrderLine), total: Money });
const orderWithReason = t.Composite([order, t.Object({ reason: t.String({ description: "An error code" }) })]);
const payment = t.Object({ paymentId: Uuid, orderId: Uuid, amount: Money, provider: t.String() });

type Entry = Catalogue[string] & {
  /** A command asks one service for something; an event says what happened. */
  kind: "command" | "event";
  from: ServiceName;
  /** The services whose queues it goes to. */
  to: readonly QueueName[];
  /** For its reader in docs/asyncapi.json. */
  about: string;
  /** `<saga>/<step>`, or `undo of <saga>/<step>`: what a command asks for, and the events that answer it. */
  steps?: readonly string[];
};

/**
 * The published language: every message, its version, who sends it, and the services whose queues it goes to. Commands are named
 * `<service>.<verb>`, events in the past tense. A step's answer is the event that carries the saga's id.
 */
export const messages = {
  // user
  "user.registered": {
    kind: "event",
    version: 1,
    from: "user",
    to: ["notification"],
    about: "Somebody has made an account. Notification welcomes them by mail, and asks them to verify the address.",
    data: t.Object({ userId: Uuid, email: t.String(), name: t.String() }),
  },
  "user.email_changed": {
    kind: "event",
    version: 1,
    from: "user",
    to: ["notification"],
    about: "An account has another e-mail address, which is yet to be verified. Notification writes to it.",
    data: t.Object({ userId: Uuid, email: t.String(), name: t.String() }),
  },

  // order
  "order.created": {
    kind: "event",
    version: 1,
    from: "order",
    to: [],
    about: "An order was taken. It stands in the order's own history and goes to no queue.",
    data: order,
  },
  "order.confirmed": {
    kind: "event",
    version: 1,
    from: "order",
    to: ["inventory", "notification"],
    about: "An order is paid and final. Inventory turns its hold into a sale, notification tells the buyer.",
    data: order,
  },
  "order.cancelled": {
    kind: "event",
    version: 1,
    from: "order",
    to: ["notification"],
    about: "An order came to nothing, or was taken back; no money and no stock are held for it. The buyer is told.",
    data: orderWithReason,
  },
  "order.status_changed": {
    kind: "event",
    version: 2,
    from: "order",
    to: ["notification", "payment"],
    about:
      "An order that waits for its buyer's money, is being paid, is paid for, shipped or delivered. The buyer is told when it is shipped; to payment it says whether the money may be taken, and that it has been.",
    steps: ["pay-order/begin", "undo of pay-order/begin", "pay-order/settle", "take-payment/payment"],
    data: t.Object({
      orderId: Uuid,
      userId: Uuid,
      from: t.String(),
      to: t.String(),
      reason: t.Optional(t.String({ description: "For the buyer to read. Since version 2." })),
    }),
  },
  "order.begin": {
    kind: "command",
    version: 1,
    from: "payment",
    to: ["order"],
    about: "Somebody pays for an order that waits for it: hold its stock for good, and wait for the money.",
    steps: ["pay-order/begin"],
    data: t.Object({ orderId: Uuid, paymentId: Uuid }),
  },
  "order.settle": {
    kind: "command",
    version: 1,
    from: "payment",
    to: ["order"],
    about: "The money for the order is there.",
    steps: ["pay-order/settle", "take-payment/payment"],
    data: t.Object({ orderId: Uuid, paymentId: Uuid }),
  },
  "order.abandon": {
    kind: "command",
    version: 1,
    from: "payment",
    to: ["order"],
    about: "There is and will be no money of this payment.",
    steps: ["undo of pay-order/begin", "take-payment/payment"],
    data: t.Object({ orderId: Uuid, paymentId: Uuid, code: t.String({ description: "An error code" }) }),
  },
  "order.payment_refused": {
    kind: "event",
    version: 1,
    from: "order",
    to: ["payment"],
    about: "This payment does not pay the order, now or ever.",
    steps: ["pay-order/begin", "undo of pay-order/begin", "pay-order/settle"],
    data: t.Object({ orderId: Uuid, paymentId: Uuid, code: t.String({ description: "An error code" }) }),
  },

  // inventory
  "inventory.reserve": {
    kind: "command",
    version: 1,
    from: "order",
    to: ["inventory"],
    about: "Hold everything the order asks for, or nothing.",
    steps: ["place-order/stock", "place-unpaid-order/stock", "take-payment/stock"],
    data: t.Object({
      orderId: Uuid,
      items: t.Array(Item),
      expiresAt: t.Optional(t.String({ description: "When the hold lapses by itself; without it, never" })),
    }),
  },
  "inventory.release": {
    kind: "command",
    version: 1,
    from: "order",
    to: ["inventory"],
    about: "Give back what is held for the order or was sold to it, whatever became of the reserve; also before it.",
    steps: [
      "undo of place-order/stock",
      "undo of place-unpaid-order/stock",
      "undo of take-payment/stock",
      "cancel-order/restock",
      "cancel-unpaid-order/restock",
    ],
    data: t.Object({ orderId: Uuid }),
  },
  "inventory.updated": {
    kind: "event",
    version: 1,
    from: "inventory",
    to: ["order"],
    about: "What became of the stock for an order; `low` that a product runs out, which answers nothing.",
    steps: [
      ...["place-order/stock", "place-unpaid-order/stock", "take-payment/stock"],
      ...["undo of place-order/stock", "undo of place-unpaid-order/stock", "undo of take-payment/stock"],
      ...["cancel-order/restock", "cancel-unpaid-order/restock"],
    ],
    data: t.Object({
      orderId: Uuid,
      change: t.Union([t.Literal("reserved"), t.Literal("rejected"), t.Literal("released"), t.Literal("low")]),
      items: t.Array(Item),
      code: t.Optional(t.String({ description: "With `rejected`: why" })),
    }),
  },

  // payment
  "payment.charge": {
    kind: "command",
    version: 1,
    from: "order",
    to: ["payment"],
    about: "Take the money for the order. How much, payment asks order: the message does not say.",
    steps: ["place-order/funds"],
    data: t.Object({
      orderId: Uuid,
      paymentMethod: t.Object({
        provider: t.String(),
        sealedToken: t.String({ description: "A JWE for payment's key: nobody on the way can read it" }),
      }),
    }),
  },
  "payment.void": {
    kind: "command",
    version: 2,
    from: "order",
    to: ["payment"],
    about: "See to it that no money is held for the order, whatever became of the charge; also before it.",
    steps: ["undo of place-order/funds", "undo of take-payment/payment", "cancel-order/give_back"],
    data: t.Object({
      orderId: Uuid,
      reason: t.String({ description: "An error code" }),
      paymentId: t.Optional(
        t.String({
          format: "uuid",
          description: "Since version 2: which payment, where another saga made it. Without it: the asking saga's.",
        }),
      ),
    }),
  },
  "payment.processed": {
    kind: "event",
    version: 1,
    from: "payment",
    to: ["order"],
    about: "The money is captured.",
    steps: ["place-order/funds", "pay-order/funds"],
    data: payment,
  },
  "payment.failed": {
    kind: "event",
    version: 1,
    from: "payment",
    to: ["order"],
    about: "The charge was refused; no money is held.",
    steps: ["place-order/funds", "pay-order/funds"],
    data: t.Composite([payment, t.Object({ code: t.String({ description: "An error code" }) })]),
  },
  "payment.voided": {
    kind: "event",
    version: 1,
    from: "payment",
    to: ["order"],
    about: "No money is held for the order, whatever was before.",
    steps: ["undo of place-order/funds", "undo of take-payment/payment", "cancel-order/give_back", "pay-order/funds"],
    data: t.Object({ orderId: Uuid, paymentId: Uuid }),
  },
  "payment.refunded": {
    kind: "event",
    version: 1,
    from: "payment",
    to: ["order", "notification"],
    about:
      "Money that was captured went back to its payer: a fact beside the answer to whoever asked for it. The buyer is told.",
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

/** Whether a message is of this type, with its data typed accordingly. */
export const isMessage = <T extends MessageType>(message: Message, type: T): message is MessageFor<T> =>
  message.type === type;
