import { AppError } from "@shop/kit/errors/app-error";
import { countAvailable, noChanges, type ProductStock, type StockChanges } from "./stock";

/** A change of a product's stock that does not come from an order. `quantity` is negative if units are missing. */
export type StockAdjustment = { quantity: number; reason: "received" | "returned" | "corrected" };

/** Far below the value at which the 32-bit counters would overflow. */
const onHandMax = 1_000_000_000;

/** @throws AppError `stock.reason_mismatch` (422), `stock.held`, `stock.too_much` (409) */
export function decideAdjustment(stock: ProductStock, { quantity, reason }: StockAdjustment): StockChanges {
  const { productId } = stock;
  if (quantity < 0 && reason !== "corrected")
    throw new AppError("stock.reason_mismatch", { kind: "invalid", public: "Only a correction can reduce the stock." });
  if (countAvailable(stock) + quantity < 0 && quantity < 0)
    throw new AppError("stock.held", {
      kind: "conflict",
      public: "The correction would remove stock that orders hold.",
    });
  if (stock.onHand + quantity > onHandMax)
    throw new AppError("stock.too_much", {
      kind: "conflict",
      public: "The stock of a product cannot exceed 1,000,000,000 units.",
    });
  return {
    ...noChanges,
    counters: [{ productId, onHand: quantity, pinned: 0 }],
    movements: [{ productId, delta: quantity, reason }],
  };
}
