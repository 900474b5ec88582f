import { AppError } from "@shop/kit/errors/app-error";
import { type Decision, updatedEvent } from "./decision";
import { isCovered } from "./reserve";
import { getProductStock, type Hold, noChanges, type Stock } from "./stock";

/**
 * Sells what an order holds. A repeated commit, or a commit after a release, changes nothing.
 * @throws AppError `inventory.nothing_held`, `inventory.hold_lapsed` (409). A confirmed order cannot be refused, so its
 *   message fails and becomes a dead letter for an operator.
 */
export function decideCommit(
  stock: Stock,
  order: { orderId: string },
): Decision<"committed" | "repeated" | "too_late"> {
  const held = stock.holds.filter((hold) => hold.status === "held");
  if (held.length === 0) {
    if (stock.holds.length === 0 && !stock.releasedFirst)
      throw notHeld("inventory.nothing_held", `order ${order.orderId} is confirmed but holds nothing`);
    const sold = stock.holds.some((hold) => hold.status === "committed");
    return { outcome: sold ? "repeated" : "too_late", changes: noChanges, drafts: [] };
  }
  if (!held.every((hold) => isCovered(stock, hold)))
    throw notHeld(
      "inventory.hold_lapsed",
      `order ${order.orderId} is confirmed, but its hold has lapsed and the stock is gone`,
    );

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
    // Not a reply to a saga step, so it carries no saga id.
    drafts: low.length > 0 ? [updatedEvent("low", { orderId: order.orderId, items: low })] : [],
  };
}

/** Whether this sale takes the stock from above the threshold to the threshold or below. */
function fallsLow(stock: Stock, hold: Hold): boolean {
  const { onHand, lowStockThreshold } = getProductStock(stock, hold.productId);
  return onHand > lowStockThreshold && onHand - hold.quantity <= lowStockThreshold;
}

const notHeld = (code: string, internal: string) =>
  new AppError(code, { kind: "conflict", public: "The order holds no stock.", internal });
