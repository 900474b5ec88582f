import { type Decision, updatedEvent } from "./decision";
import { type Hold, noChanges, type Stock } from "./stock";

export type ReleaseCommand = { orderId: string; sagaId?: string };

/**
 * Returns what an order holds or has bought. A repeated release changes nothing and gets the same reply. A release that
 * arrives before its reservation leaves a tombstone, which makes the reservation fail.
 */
export function decideRelease(stock: Stock, command: ReleaseCommand): Decision<"released" | "returned" | "tombstone"> {
  const active = stock.holds.filter((hold) => hold.status !== "released");
  const sold = active.filter((hold) => hold.status === "committed");
  return {
    outcome: sold.length > 0 ? "returned" : stock.holds.length > 0 ? "released" : "tombstone",
    changes: {
      ...noChanges,
      holds: active.map(({ productId, quantity }) => ({ productId, quantity, status: "released", expiresAt: null })),
      counters: active.map(toReturnedCounter).filter((counter) => counter.onHand !== 0 || counter.pinned !== 0),
      movements: sold.map(({ productId, quantity }) => ({ productId, delta: quantity, reason: "returned" })),
      tombstone: stock.holds.length === 0,
    },
    drafts: [updatedEvent("released", { ...command, items: stock.holds })],
  };
}

const toReturnedCounter = (hold: Hold) => ({
  productId: hold.productId,
  onHand: hold.status === "committed" ? hold.quantity : 0,
  pinned: hold.status === "held" && hold.pinned ? -hold.quantity : 0,
});
