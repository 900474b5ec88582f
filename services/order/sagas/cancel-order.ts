import { isMessage } from "@shop/contracts/messages";
import type { Saga, Step } from "@shop/kit/saga/engine";
import { moveTo, type Order } from "../domain/order";
import { cancelled, isReleased, release } from "./place-order";

/** Why, for payment and for whoever reads the mail. */
export const cancelRequested = "order.cancel_requested";

const blockShipping: Step<Order> = {
  name: "block_shipping",
  kind: "local",
  pivot: true,
  do: (order) => ({ aggregate: moveTo(order, "cancelling"), drafts: [] }),
};

const restock: Step<Order> = {
  name: "restock",
  kind: "remote",
  do: release,
  parseReply: (message) => (isReleased(message) ? { ok: {} } : undefined),
};

const end: Step<Order> = {
  name: "end",
  kind: "local",
  do: (order) => cancelled(order, order.cancelReason ?? cancelRequested),
};

/**
 * Takes a confirmed order back: the money first, then the goods. Nobody can refuse any of it, so there is no way back:
 * every step is asked for until it is done. Its steps have names of their own: `funds` is what may still be charged.
 */
export const cancelOrder: Saga<Order> = {
  name: "cancel-order",
  steps: [
    blockShipping,
    {
      name: "give_back",
      kind: "remote",
      // Payment knows the payment by the saga that made it, which this one is not.
      do: ({ id: orderId, payment }) => ({
        type: "payment.void",
        data: { orderId, reason: cancelRequested, ...(payment && { paymentId: payment.id }) },
      }),
      parseReply: (message) => (isMessage(message, "payment.voided") ? { ok: {} } : undefined),
      applyReply: (order, message) =>
        isMessage(message, "payment.voided")
          ? { ...order, payment: { id: message.data.paymentId, status: "voided" } }
          : order,
    },
    restock,
    end,
  ],
};

/** Lets go of an order that nobody has paid for, because its owner wants that or because its time to pay is over. */
export const cancelUnpaidOrder: Saga<Order> = {
  name: "cancel-unpaid-order",
  steps: [{ ...blockShipping, name: "block_payment" }, restock, end],
};
