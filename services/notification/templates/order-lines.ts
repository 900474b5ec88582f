import type { DataFor } from "@shop/contracts/messages";
import type { Block } from "./layout";
import { formatMoney } from "./money";

type Order = Pick<DataFor<"order.confirmed">, "items" | "total">;

/** The order's items with their amounts, and the total. */
export const orderLines = ({ items, total }: Order): Block => ({
  rows: [
    ...items.map(({ quantity, name, unitPrice }) => {
      const amount = unitPrice.amount * quantity;
      return [`${quantity} × ${name}`, formatMoney({ ...unitPrice, amount })] as const;
    }),
    ["Total", formatMoney(total)] as const,
  ],
});
