import type { DataFor } from "@shop/contracts/messages";
import { type Content, layout } from "./layout";
import { orderLines } from "./order-lines";

export const orderConfirmed = (order: DataFor<"order.confirmed"> & { name: string; publicUrl: string }): Content =>
  layout({
    subject: "Your order is confirmed",
    name: order.name,
    blocks: [
      { text: "Thank you. Your payment has arrived and we are packing your order:" },
      orderLines(order),
      { text: `Order number: ${order.orderId}` },
      { link: `${order.publicUrl}/api/v1/orders/${order.orderId}`, label: "See your order" },
    ],
  });
