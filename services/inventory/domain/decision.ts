import type { Draft } from "@shop/contracts/messages";
import { type StockChanges, splitIntoLines } from "./stock";

/** What a decision returns: `outcome` for metrics, `changes` for the store, and `drafts`, the messages to publish. */
export type Decision<O extends string = string> = { outcome: O; changes: StockChanges; drafts: Draft[] };

type Change = "reserved" | "rejected" | "released" | "low";

/** The event `inventory.updated`. With a `sagaId` it is the reply to a saga step. */
export const updatedEvent = (
  change: Change,
  details: { orderId: string; items: { productId: string; quantity: number }[]; code?: string; sagaId?: string },
): Draft => ({
  type: "inventory.updated",
  data: {
    orderId: details.orderId,
    change,
    items: splitIntoLines(details.items.map(({ productId, quantity }) => ({ productId, quantity }))),
    ...(details.code && { code: details.code }),
  },
  ...(details.sagaId && { sagaid: details.sagaId }),
});
