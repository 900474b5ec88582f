import { AppError } from "@shop/kit/errors/app-error";
import { type Decision, updated } from "./decision";
import { isCovered } from "./reserve";
import { type Hold, noChanges, type Stock, stockOf } from "./stock";

/**
 * Takes what an order holds out of the stock: it is sold. Doing it again, or after a release, changes nothing.
 * @throws AppError `inventory.nothing_held`, `inventory.hold_lapsed`: a confirmed order cannot be refused, so somebody has to look
 */
export function decideCommit(
  stock: Stock,
  order: { orderId: string },
): Decision<"committed" | "repeated" | "too_late"> {
  const held = stock.holds.filter((hold) => hold.status === "held");
  if (held.length === 0) {
    if (stock.holds.length === 0 && !stock.releasedFirst)
      throw stuck("inventory.nothing_held", `order ${order.orderId} is confirmed and holds nothing`);
    const sold = stock.holds.some((hold) => hold.status === "committed");
    return { outcome: sold ? "repeated" : "too_late", changes: noChanges, drafts: [] };
  }
  if (!held.every((hold) => isCovered(stock, hold)))
    throw stuck("inventory.hold_lapsed", `order ${order.orderId} is confirmed, its hold lapsed and the stock is gone`);

  const low = held.filter((hold) => fallsLow(stock, hold));
  return {
    outcome: "committed",
    changes: {
      ...noChanges,
      holds: held.map(({ productId, quantity }) => ({ productId, quantity, status: "committed", expiresAt: null })),
      counters: held.map((hold) => ({
        productId: hold.productId,
        onHand: -hold.quantity,
        pinned: hold.pinned ? -hold.quantity : 0,
      })),
      movements: held.map(({ productId, quantity }) => ({ productId, delta: -quantity, reason: "sold" })),
    },
    // Not an answer to anybody's step, so without a saga's id.
    drafts: low.length > 0 ? [updated("low", { orderId: order.orderId, items: low })] : [],
  };
}

/** Told when the threshold is crossed, not again for each sale below it. */
function fallsLow(stock: Stock, hold: Hold): boolean {
  const { onHand, lowStockThreshold } = stockOf(stock, hold.productId);
  return onHand > lowStockThreshold && onHand - hold.quantity <= lowStockThreshold;
}

const stuck = (code: string, internal: string) =>
  new AppError(code, { kind: "conflict", public: "The stock of this order is not held.", internal });
