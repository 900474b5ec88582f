import { type Decision, updated } from "./decision";
import { type Hold, noChanges, type Stock } from "./stock";

export type Release = { orderId: string; sagaId?: string };

/**
 * Gives back what an order holds or has bought. Doing it again changes nothing and answers the same; coming before the
 * reserve, it leaves a tombstone that refuses it.
 */
export function decideRelease(stock: Stock, release: Release): Decision<"released" | "returned" | "tombstone"> {
  const active = stock.holds.filter((hold) => hold.status !== "released");
  const sold = active.filter((hold) => hold.status === "committed");
  return {
    outcome: sold.length > 0 ? "returned" : stock.holds.length > 0 ? "released" : "tombstone",
    changes: {
      ...noChanges,
      holds: active.map(({ productId, quantity }) => ({ productId, quantity, status: "released", expiresAt: null })),
      counters: active.map(givenBack).filter((counter) => counter.onHand !== 0 || counter.pinned !== 0),
      movements: sold.map(({ productId, quantity }) => ({ productId, delta: quantity, reason: "returned" })),
      tombstone: stock.holds.length === 0,
    },
    drafts: [updated("released", { ...release, items: stock.holds })],
  };
}

const givenBack = (hold: Hold) => ({
  productId: hold.productId,
  onHand: hold.status === "committed" ? hold.quantity : 0,
  pinned: hold.status === "held" && hold.pinned ? -hold.quantity : 0,
});
