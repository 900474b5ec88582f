import { AppError } from "@shop/kit/errors/app-error";
import { availableOf, noChanges, type ProductStock, type StockChanges } from "./stock";

export type StockEntry = { quantity: number; reason: "received" | "returned" | "corrected" };

/** More than anybody stores, and far from where the counters would overflow. */
const mostOnHand = 1_000_000_000;

/**
 * Books goods in, or corrects a count.
 * @throws AppError `stock.reason_mismatch` (422), `stock.held`, `stock.too_much` (409)
 */
export function decideEntry(stock: ProductStock, entry: StockEntry): StockChanges {
  const { productId } = stock;
  if (entry.quantity < 0 && entry.reason !== "corrected")
    throw new AppError("stock.reason_mismatch", { kind: "invalid", public: "Only a correction can take stock away." });
  if (availableOf(stock) + entry.quantity < 0 && entry.quantity < 0)
    throw new AppError("stock.held", { kind: "conflict", public: "That would take away stock that orders hold." });
  if (stock.onHand + entry.quantity > mostOnHand)
    throw new AppError("stock.too_much", { kind: "conflict", public: "That is more stock than can be kept." });
  return {
    ...noChanges,
    counters: [{ productId, onHand: entry.quantity, pinned: 0 }],
    movements: [{ productId, delta: entry.quantity, reason: entry.reason }],
  };
}
