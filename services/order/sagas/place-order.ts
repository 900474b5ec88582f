import { type Draft, isMessage } from "@shop/contracts/messages";
import type { Message } from "@shop/kit/messaging/envelope";
import type { Change, Reply, Saga, Step } from "@shop/kit/saga/engine";
import { moveTo, type Order, type OrderStatus } from "../domain/order";

export const drafts = (...list: Draft[]) => list;
export const told = ({ id, userId, items, total }: Order) => ({ orderId: id, userId, items, total });
export const statusChanged = ({ id, userId }: Order, from: OrderStatus, to: OrderStatus): Draft => ({
  type: "order.status_changed",
  data: { orderId: id, userId, from, to },
});

/** The end of an order that comes to nothing. */
export const cancelled = (order: Order, code: string): Change<Order> => ({
  aggregate: { ...moveTo(order, "cancelled"), cancelReason: code },
  drafts: drafts({ type: "order.cancelled", data: { ...told(order), reason: code } }),
});

export const reserve = ({ id, items }: Order, expiresAt?: Date): Draft => ({
  type: "inventory.reserve",
  data: {
    orderId: id,
    items: items.map(({ productId, quantity }) => ({ productId, quantity })),
    ...(expiresAt && { expiresAt: expiresAt.toISOString() }),
  },
});
export const release = ({ id }: Order): Draft => ({ type: "inventory.release", data: { orderId: id } });
export const isReleased = (message: Message): boolean =>
  isMessage(message, "inventory.updated") && message.data.change === "released";

/** What inventory says to a reserve. */
export function reserved(message: Message): Reply | undefined {
  if (!isMessage(message, "inventory.updated")) return undefined;
  if (message.data.change === "reserved") return { ok: {} };
  if (message.data.change === "rejected") return { rejected: message.data.code ?? "inventory.rejected" };
  return undefined;
}

const open: Step<Order> = {
  name: "order",
  kind: "local",
  do: (order) => ({ aggregate: order, drafts: drafts({ type: "order.created", data: told(order) }) }),
  undo: (order, failure) => cancelled(order, failure.code),
};

const stock: Step<Order> = {
  name: "stock",
  kind: "remote",
  // Only an order that is paid for later has an end to its hold.
  do: (order) => reserve(order, order.holdExpiresAt),
  parseReply: reserved,
  undo: release,
  isUndone: isReleased,
};

/** Places an order: holds the stock, takes the money, confirms; or gives back what was taken and cancels. */
export const placeOrder: Saga<Order> = {
  name: "place-order",
  steps: [
    open,
    stock,
    {
      name: "funds",
      kind: "remote",
      pivot: true,
      // The sealed token is added when the message is sent; history does not keep it.
      do: (order) => ({ type: "payment.charge", data: { orderId: order.id } }),
      parseReply: (message) => {
        if (isMessage(message, "payment.processed")) return { ok: { paymentId: message.data.paymentId } };
        if (isMessage(message, "payment.failed")) return { rejected: message.data.code };
        return undefined;
      },
      applyReply: (order, message) => {
        const { sealedToken: _, ...paymentMethod } = order.paymentMethod ?? { provider: "" };
        const done = { ...order, paymentMethod };
        if (isMessage(message, "payment.processed"))
          return { ...done, payment: { id: message.data.paymentId, status: "completed" } };
        if (isMessage(message, "payment.failed"))
          return { ...done, payment: { id: message.data.paymentId, status: "failed" } };
        if (isMessage(message, "payment.voided"))
          return { ...done, payment: { id: message.data.paymentId, status: "voided" } };
        return order;
      },
      undo: (order, _output, failure) => ({ type: "payment.void", data: { orderId: order.id, reason: failure.code } }),
      isUndone: (message) => isMessage(message, "payment.voided"),
    },
    {
      name: "approve",
      kind: "local",
      do: (order) => ({
        aggregate: moveTo(order, "confirmed"),
        drafts: drafts({ type: "order.confirmed", data: told(order) }),
      }),
    },
  ],
};

/** Places an order that is paid for later: holds the stock for a while, and waits for somebody to pay. */
export const placeUnpaidOrder: Saga<Order> = {
  name: "place-unpaid-order",
  steps: [
    open,
    stock,
    {
      name: "await_payment",
      kind: "local",
      do: (order) => ({
        aggregate: moveTo(order, "awaiting_payment"),
        drafts: drafts(statusChanged(order, "pending", "awaiting_payment")),
      }),
    },
  ],
};
