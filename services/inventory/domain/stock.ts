import type { Item } from "@shop/contracts/common";

/** One product's figures, read while its row is locked. */
export type ProductStock = {
  productId: string;
  onHand: number;
  /** Held for good: by orders that are being paid. */
  pinned: number;
  /** Held by orders that may still lapse, and have not yet. */
  expiring: number;
  lowStockThreshold: number;
};

export type HoldStatus = "held" | "committed" | "released";

/** What an order holds of one product. */
export type Hold = { productId: string; quantity: number; status: HoldStatus; pinned: boolean; live: boolean };

/** All that a decision about one order needs to know: the order's holds and the products they and it are about. */
export type Stock = { holds: Hold[]; products: ProductStock[]; releasedFirst: boolean };

export type MovementReason = "received" | "sold" | "returned" | "corrected";

/** What a decision changes. Counters are differences. */
export type StockChanges = {
  holds: { productId: string; quantity: number; status: HoldStatus; expiresAt: string | null }[];
  counters: { productId: string; onHand: number; pinned: number }[];
  movements: { productId: string; delta: number; reason: MovementReason }[];
  tombstone: boolean;
};

export const noChanges: StockChanges = { holds: [], counters: [], movements: [], tombstone: false };

/** What can be sold. */
export const availableOf = (stock: Pick<ProductStock, "onHand" | "pinned" | "expiring">): number =>
  stock.onHand - stock.pinned - stock.expiring;

/** What whoever counts the stock wants to know of a product. `held`: by orders that are not finished. */
export type Figures = { productId: string; onHand: number; held: number; available: number };

export const figuresOf = (stock: ProductStock): Figures => ({
  productId: stock.productId,
  onHand: stock.onHand,
  held: stock.pinned + stock.expiring,
  available: availableOf(stock),
});

/** The most that one line of a message may say. */
const largestQuantity = 1000;

/** Lines for a message. A sum that is more than a line may say takes several. */
export const linesOf = (items: readonly Item[]): Item[] =>
  items.flatMap(({ productId, quantity }) =>
    Array.from({ length: Math.ceil(quantity / largestQuantity) }, (_, index) => ({
      productId,
      quantity: Math.min(largestQuantity, quantity - index * largestQuantity),
    })),
  );

/** The figures of a product that is known to be there. */
export function stockOf(stock: Stock, productId: string): ProductStock {
  const found = stock.products.find((product) => product.productId === productId);
  if (!found) throw new Error(`product ${productId} is held but does not exist`);
  return found;
}
