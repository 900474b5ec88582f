import { isMessage } from "@shop/contracts/messages";
import type { Saga } from "@shop/kit/saga";
import { moveTo, type Order } from "../domain/order";
import { drafts, told } from "./place-order";

/** Why, for payment and for whoever reads the mail. */
export const cancelRequested = "order.cancel_requested";

/**
 * Takes a confirmed order back: the money first, then the goods. Nobody can refuse any of it, so there is no way back:
 * every step is asked for until it is done. Its steps have names of their own: `funds` is what may still be charged.
 */
export const cancelOrder: Saga<Order> = {
  name: "cancel-order",
  steps: [
    {
      name: "block_shipping",
      kind: "local",
      pivot: true,
      do: (order) => ({ aggregate: moveTo(order, "cancelling"), drafts: [] }),
    },
    {
      name: "give_back",
      kind: "ask",
      // Payment knows the payment by the saga that made it, which this one is not.
      do: ({ id: orderId, payment }) => ({
        type: "payment.void",
        data: { orderId, reason: cancelRequested, ...(payment && { paymentId: payment.id }) },
      }),
      answer: (message) => (isMessage(message, "payment.voided") ? { ok: {} } : undefined),
      record: (order, message) =>
        isMessage(message, "payment.voided")
          ? { ...order, payment: { id: message.data.paymentId, status: "voided" } }
          : order,
    },
    {
      name: "restock",
      kind: "ask",
      do: (order) => ({ type: "inventory.release", data: { orderId: order.id } }),
      answer: (message) =>
        isMessage(message, "inventory.updated") && message.data.change === "released" ? { ok: {} } : undefined,
    },
    {
      name: "end",
      kind: "local",
      do: (order) => ({
        aggregate: { ...moveTo(order, "cancelled"), cancelReason: cancelRequested },
        drafts: drafts({ type: "order.cancelled", data: { ...told(order), reason: cancelRequested } }),
      }),
    },
  ],
};
