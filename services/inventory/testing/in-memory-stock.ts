import type { Decision } from "../domain/decision";
import type { Hold, ProductStock, Stock } from "../domain/stock";

type OrderHold = Hold & { orderId: string };
export type InMemoryStock = ReturnType<typeof inMemoryStock>;

/**
 * Stock in memory that follows the rules of the tables, for tests of the pure decisions.
 * @param initial units on hand by product
 */
export function inMemoryStock(initial: Record<string, number>) {
  const holds: OrderHold[] = [];
  const onHand = new Map(Object.entries(initial));
  const pinned = new Map<string, number>();
  const tombstones = new Set<string>();
  const movements = Object.entries(initial).map(([productId, delta]) => ({ productId, delta }));

  const getProduct = (productId: string): ProductStock => ({
    productId,
    onHand: onHand.get(productId) ?? 0,
    pinned: pinned.get(productId) ?? 0,
    expiring: sumQuantities(holds.filter((hold) => hold.productId === productId && hold.live && !hold.pinned)),
    lowStockThreshold: 2,
  });

  return {
    movements,
    getProduct,

    getStock: (orderId: string): Stock => ({
      holds: holds.filter((hold) => hold.orderId === orderId),
      products: [...onHand.keys()].map(getProduct),
      releasedFirst: tombstones.has(orderId),
    }),

    sumPinnedHolds: (productId: string): number =>
      sumQuantities(holds.filter((hold) => hold.productId === productId && hold.status === "held" && hold.pinned)),

    /**
     * Applies the changes of a decision.
     * @returns its outcome
     */
    apply<O extends string>(orderId: string, { outcome, changes }: Decision<O>): O {
      for (const { productId, quantity, status, expiresAt } of changes.holds) {
        const index = holds.findIndex((hold) => hold.orderId === orderId && hold.productId === productId);
        const hold = { orderId, productId, quantity, status, pinned: expiresAt === null, live: status === "held" };
        if (index < 0) holds.push(hold);
        else holds[index] = hold;
      }
      for (const counter of changes.counters) {
        onHand.set(counter.productId, (onHand.get(counter.productId) ?? 0) + counter.onHand);
        pinned.set(counter.productId, (pinned.get(counter.productId) ?? 0) + counter.pinned);
      }
      movements.push(...changes.movements);
      if (changes.tombstone) tombstones.add(orderId);
      return outcome;
    },

    /** Lets the order's expiring holds lapse. */
    lapse(orderId: string): void {
      for (const hold of holds) if (hold.orderId === orderId && !hold.pinned) hold.live = false;
    },
  };
}

const sumQuantities = (holds: { quantity: number }[]) => holds.reduce((sum, { quantity }) => sum + quantity, 0);
