import type { DataFor } from "@shop/contracts/messages";
import type { Block } from "./layout";
import { formatted } from "./money";

type Order = Pick<DataFor<"order.confirmed">, "items" | "total">;

/** What was bought and what it comes to. */
export const orderLines = ({ items, total }: Order): Block => ({
  rows: [
    ...items.map(({ quantity, name, unitPrice }) => {
      const amount = unitPrice.amount * quantity;
      return [`${quantity} × ${name}`, formatted({ ...unitPrice, amount })] as const;
    }),
    ["Total", formatted(total)] as const,
  ],
});
