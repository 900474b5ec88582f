import type { DataFor } from "@shop/contracts/messages";
import { type Content, layout } from "./layout";
import { formatMoney } from "./money";

type Refund = Pick<DataFor<"payment.refunded">, "orderId" | "refundId" | "refunded"> & {
  name: string;
  publicUrl: string;
};

export const paymentRefunded = ({ orderId, refundId, refunded, name, publicUrl }: Refund): Content =>
  layout({
    subject: "Your money is on its way back",
    name,
    blocks: [
      {
        text: `We have refunded ${formatMoney(refunded)} to the payment method that you used. Your bank may take some days to show it.`,
      },
      { text: `Order number: ${orderId}` },
      { text: `Refund number: ${refundId}` },
      { link: `${publicUrl}/api/v1/orders/${orderId}`, label: "See your order" },
    ],
  });
