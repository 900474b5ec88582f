import type { Item } from "@shop/contracts/common";
import { invariant } from "@shop/kit/errors/invariant";

/** The stock of one product, read while its row is locked. */
export type ProductStock = {
  productId: string;
  onHand: number;
  /** Units in holds that do not expire: those of orders that are being paid. */
  pinned: number;
  /** Units in holds that expire and have not lapsed yet. */
  expiring: number;
  lowStockThreshold: number;
};

export type HoldStatus = "held" | "committed" | "released";

/** The hold of one order on one product. `live`: held, and not lapsed. */
export type Hold = { productId: string; quantity: number; status: HoldStatus; pinned: boolean; live: boolean };

/**
 * What a decision about one order is based on: the order's holds, the products that it asks for or holds, and whether its
 * release arrived before its reservation.
 */
export type Stock = { holds: Hold[]; products: ProductStock[]; releasedFirst: boolean };

export type MovementReason = "received" | "sold" | "returned" | "corrected";

/** What a decision changes. Counters are differences, added to the stored values. */
export type StockChanges = {
  holds: { productId: string; quantity: number; status: HoldStatus; expiresAt: string | null }[];
  counters: { productId: string; onHand: number; pinned: number }[];
  movements: { productId: string; delta: number; reason: MovementReason }[];
  tombstone: boolean;
};

export const noChanges: StockChanges = { holds: [], counters: [], movements: [], tombstone: false };

/** The number of units that can be sold. */
export const countAvailable = (stock: Pick<ProductStock, "onHand" | "pinned" | "expiring">): number =>
  stock.onHand - stock.pinned - stock.expiring;

/** The stock of one product, as administrators see it. `held`: units in holds of unfinished orders. */
export type StockLevel = { productId: string; onHand: number; held: number; available: number };

export const toStockLevel = (stock: ProductStock): StockLevel => ({
  productId: stock.productId,
  onHand: stock.onHand,
  held: stock.pinned + stock.expiring,
  available: countAvailable(stock),
});

/** The largest quantity that one line of a message can state. */
const lineQuantityMax = 1000;

/** Message lines for `items`. A quantity above the maximum of a line is split into several lines. */
export const splitIntoLines = (items: readonly Item[]): Item[] =>
  items.flatMap(({ productId, quantity }) =>
    Array.from({ length: Math.ceil(quantity / lineQuantityMax) }, (_, index) => ({
      productId,
      quantity: Math.min(lineQuantityMax, quantity - index * lineQuantityMax),
    })),
  );

/** @throws InvariantError if the product is not part of `stock` */
export function getProductStock(stock: Stock, productId: string): ProductStock {
  const found = stock.products.find((product) => product.productId === productId);
  invariant(found, `product ${productId}, which an order holds, must exist`);
  return found;
}
