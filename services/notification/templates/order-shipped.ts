import { type Content, layout } from "./layout";

type Shipped = { orderId: string; name: string; reason?: string; publicUrl: string };

export const orderShipped = ({ orderId, name, reason, publicUrl }: Shipped): Content =>
  layout({
    subject: "Your order is on its way",
    name,
    blocks: [
      { text: "Good news: your order has left us and is on its way to you." },
      ...(reason ? [{ text: reason }] : []),
      { text: `Order number: ${orderId}` },
      { link: `${publicUrl}/api/v1/orders/${orderId}`, label: "See your order" },
    ],
  });
