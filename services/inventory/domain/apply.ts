import type { Hold, ProductStock, Stock, StockChanges } from "./stock";

/** The stock after a decision. The next decision of the same transaction is based on it. */
export function applyChanges(stock: Stock, changes: StockChanges): Stock {
  const changed = new Map(changes.holds.map((hold) => [hold.productId, hold]));
  const holds = [
    ...stock.holds.filter(({ productId }) => !changed.has(productId)),
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
      onHand: product.onHand + sum(counters.map(({ onHand }) => onHand)),
      pinned: product.pinned + sum(counters.map(({ pinned }) => pinned)),
      expiring: product.expiring + countExpiring(holds, product) - countExpiring(stock.holds, product),
    };
  });
  return { holds, products, releasedFirst: stock.releasedFirst || changes.tombstone };
}

const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0);

const countExpiring = (holds: Hold[], { productId }: ProductStock): number =>
  sum(
    holds
      .filter((hold) => hold.productId === productId && hold.status === "held" && hold.live && !hold.pinned)
      .map(({ quantity }) => quantity),
  );
