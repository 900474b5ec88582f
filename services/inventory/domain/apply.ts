import type { Hold, ProductStock, Stock, StockChanges } from "./stock";

/** The stock as a decision leaves it, for the next decision of the same transaction. */
export function applied(stock: Stock, changes: StockChanges): Stock {
  const written = new Map(changes.holds.map((hold) => [hold.productId, hold]));
  const holds = [
    ...stock.holds.filter(({ productId }) => !written.has(productId)),
    ...changes.holds.map(
      ({ productId, quantity, status, expiresAt }): Hold => ({
        productId,
        quantity,
        status,
        pinned: expiresAt === null,
        live: status === "held",
      }),
    ),
  ];
  const products = stock.products.map((product): ProductStock => {
    const counters = changes.counters.filter(({ productId }) => productId === product.productId);
    return {
      ...product,
      onHand: product.onHand + sumOf(counters.map(({ onHand }) => onHand)),
      pinned: product.pinned + sumOf(counters.map(({ pinned }) => pinned)),
      expiring: product.expiring + expiringIn(holds, product) - expiringIn(stock.holds, product),
    };
  });
  return { holds, products, releasedFirst: stock.releasedFirst || changes.tombstone };
}

const sumOf = (figures: number[]) => figures.reduce((sum, figure) => sum + figure, 0);

const expiringIn = (holds: Hold[], { productId }: ProductStock): number =>
  sumOf(
    holds
      .filter((hold) => hold.productId === productId && hold.status === "held" && hold.live && !hold.pinned)
      .map(({ quantity }) => quantity),
  );
