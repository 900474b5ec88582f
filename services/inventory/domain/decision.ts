import type { Draft } from "@shop/contracts/messages";
import { linesOf, type StockChanges } from "./stock";

/** What a decision comes to: a word for the metrics, changes for the store, messages for the others. */
export type Decision<O extends string = string> = { outcome: O; changes: StockChanges; drafts: Draft[] };

type Change = "reserved" | "rejected" | "released" | "low";

export const updated = (
  change: Change,
  about: { orderId: string; items: { productId: string; quantity: number }[]; code?: string; sagaId?: string },
): Draft => ({
  type: "inventory.updated",
  data: {
    orderId: about.orderId,
    change,
    items: linesOf(about.items.map(({ productId, quantity }) => ({ productId, quantity }))),
    ...(about.code && { code: about.code }),
  },
  ...(about.sagaId && { sagaid: about.sagaId }),
});
