import type { DataFor } from "@shop/contracts/messages";
import { type Content, layout } from "./layout";
import { orderLines } from "./order-lines";

/** The sentence for a reason, which is an error code. The first matching prefix wins. */
const sentences: [prefix: string, sentence: string][] = [
  ["inventory.", "We no longer have everything you ordered in stock."],
  ["payment.", "Your payment did not go through."],
  ["order.cancel", "You asked us to cancel it."],
  ["order.hold_expired", "It was not paid in time."],
];

export const orderCancelled = (order: DataFor<"order.cancelled"> & { name: string; publicUrl: string }): Content => {
  const sentence = sentences.find(([prefix]) => order.reason.startsWith(prefix))?.[1] ?? "It could not be completed.";
  return layout({
    subject: "Your order was cancelled",
    name: order.name,
    blocks: [
      { text: `We are sorry: this order was cancelled. ${sentence}` },
      orderLines(order),
      { text: "You pay nothing for it. Money that was already taken goes back to where it came from." },
      { text: `Order number: ${order.orderId}` },
      { link: `${order.publicUrl}/api/v1/orders/${order.orderId}`, label: "See your order" },
    ],
  });
};
