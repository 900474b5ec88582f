import { type Draft, isMessage } from "@shop/contracts/messages";
import type { Saga } from "@shop/kit/saga";
import { moveTo, type Order } from "../domain/order";

export const drafts = (...list: Draft[]) => list;
const itemsOf = (order: Order) => order.items.map(({ productId, quantity }) => ({ productId, quantity }));
export const told = ({ id, userId, items, total }: Order) => ({ orderId: id, userId, items, total });

/** Places an order: holds the stock, takes the money, confirms; or gives back what was taken and cancels. */
export const placeOrder: Saga<Order> = {
  name: "place-order",
  steps: [
    {
      name: "order",
      kind: "local",
      do: (order) => ({ aggregate: order, drafts: drafts({ type: "order.created", data: told(order) }) }),
      undo: (order, failure) => {
        const cancelled = { ...moveTo(order, "cancelled"), cancelReason: failure.code };
        return {
          aggregate: cancelled,
          drafts: drafts({ type: "order.cancelled", data: { ...told(order), reason: failure.code } }),
        };
      },
    },
    {
      name: "stock",
      kind: "ask",
      do: (order) => ({ type: "inventory.reserve", data: { orderId: order.id, items: itemsOf(order) } }),
      answer: (message) => {
        if (!isMessage(message, "inventory.updated")) return undefined;
        if (message.data.change === "reserved") return { ok: {} };
        if (message.data.change === "rejected") return { rejected: message.data.code ?? "inventory.rejected" };
        return undefined;
      },
      undo: (order) => ({ type: "inventory.release", data: { orderId: order.id } }),
      undone: (message) => isMessage(message, "inventory.updated") && message.data.change === "released",
    },
    {
      name: "funds",
      kind: "ask",
      pivot: true,
      // The sealed token is added when the message is sent; history does not keep it.
      do: (order) => ({ type: "payment.charge", data: { orderId: order.id } }),
      answer: (message) => {
        if (isMessage(message, "payment.processed")) return { ok: { paymentId: message.data.paymentId } };
        if (isMessage(message, "payment.failed")) return { rejected: message.data.code };
        return undefined;
      },
      record: (order, message) => {
        const done = { ...order, paymentMethod: { provider: order.paymentMethod.provider } };
        if (isMessage(message, "payment.processed"))
          return { ...done, payment: { id: message.data.paymentId, status: "completed" } };
        if (isMessage(message, "payment.failed"))
          return { ...done, payment: { id: message.data.paymentId, status: "failed" } };
        if (isMessage(message, "payment.voided"))
          return { ...done, payment: { id: message.data.paymentId, status: "voided" } };
        return order;
      },
      undo: (order, _output, failure) => ({ type: "payment.void", data: { orderId: order.id, reason: failure.code } }),
      undone: (message) => isMessage(message, "payment.voided"),
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
