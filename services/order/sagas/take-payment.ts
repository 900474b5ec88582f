import { type Draft, isMessage } from "@shop/contracts/messages";
import type { Saga } from "@shop/kit/saga/engine";
import { moveTo, type Order } from "../domain/order";
import { holdExpired } from "../domain/payability";
import { cancelled, drafts, isReleased, release, reserve, reserved, statusChanged, told } from "./place-order";

/** What payment is told of a payment that does not pay the order. */
export const refused = (order: Order, paymentId: string, code: string): Draft => ({
  type: "order.payment_refused",
  data: { orderId: order.id, paymentId, code },
});

/**
 * Order's part of payment's saga pay-order, under that saga's id: pins the stock, says that payment may take the money, and
 * waits to hear what became of it. `order.settle` and `order.abandon` are the answers to its question.
 */
export const takePayment: Saga<Order> = {
  name: "take-payment",
  steps: [
    {
      name: "order",
      kind: "local",
      do: (order) => ({ aggregate: moveTo(order, "paying"), drafts: [] }),
      undo: (order, { code }) => {
        const end = cancelled(order, code);
        const { id, status } = paymentOf(order);
        const payment = { id, status: status === "voided" ? status : ("failed" as const) };
        return { aggregate: { ...end.aggregate, payment }, drafts: [...end.drafts, refused(order, id, code)] };
      },
    },
    {
      name: "stock",
      kind: "remote",
      do: (order) => reserve(order),
      parseReply: (message) => {
        const answer = reserved(message);
        // It was held: what cannot be held any longer has lapsed, and somebody else has it.
        return answer && "rejected" in answer ? { rejected: holdExpired } : answer;
      },
      undo: release,
      isUndone: isReleased,
    },
    {
      name: "payment",
      kind: "remote",
      pivot: true,
      do: (order) => statusChanged(order, "awaiting_payment", "paying"),
      parseReply: (message) => {
        if (isMessage(message, "order.settle")) return { ok: {} };
        if (isMessage(message, "order.abandon")) return { rejected: message.data.code };
        return undefined;
      },
      applyReply: (order, message) => {
        const { id } = paymentOf(order);
        if (isMessage(message, "order.settle")) return { ...order, payment: { id, status: "completed" } };
        if (isMessage(message, "payment.voided")) return { ...order, payment: { id, status: "voided" } };
        if (isMessage(message, "order.abandon"))
          return {
            ...order,
            payment: { id, status: "failed" },
            refusedPayments: [...(order.refusedPayments ?? []), id],
          };
        return order;
      },
      undo: (order, _output, { code }) => ({
        type: "payment.void",
        data: { orderId: order.id, paymentId: paymentOf(order).id, reason: code },
      }),
      isUndone: (message) => isMessage(message, "payment.voided"),
    },
    {
      name: "approve",
      kind: "local",
      do: (order) => ({
        aggregate: moveTo(order, "confirmed"),
        drafts: drafts({ type: "order.confirmed", data: told(order) }, statusChanged(order, "paying", "confirmed")),
      }),
    },
  ],
};

function paymentOf(order: Order): NonNullable<Order["payment"]> {
  if (!order.payment) throw new Error(`order ${order.id} is being paid by nobody`);
  return order.payment;
}
