import type { Decision } from "../domain/decision";
import type { Hold, ProductStock, Stock } from "../domain/stock";

type Line = Hold & { orderId: string };

/** Stock in memory, by the rules of the tables: what the pure decisions are played against. */
export class Ledger {
  private readonly lines: Line[] = [];
  private readonly onHand = new Map<string, number>();
  private readonly pinned = new Map<string, number>();
  private readonly tombstones = new Set<string>();
  readonly movements: { productId: string; delta: number }[] = [];

  constructor(stock: Record<string, number>) {
    for (const [productId, delta] of Object.entries(stock)) {
      this.onHand.set(productId, delta);
      this.movements.push({ productId, delta });
    }
  }

  stockFor(orderId: string): Stock {
    return {
      holds: this.lines.filter((line) => line.orderId === orderId),
      products: [...this.onHand.keys()].map((productId) => this.figures(productId)),
      releasedFirst: this.tombstones.has(orderId),
    };
  }

  figures(productId: string): ProductStock {
    return {
      productId,
      onHand: this.onHand.get(productId) ?? 0,
      pinned: this.pinned.get(productId) ?? 0,
      expiring: sumOf(this.lines.filter((line) => line.productId === productId && line.live && !line.pinned)),
      lowStockThreshold: 2,
    };
  }

  heldForGood(productId: string): number {
    return sumOf(this.lines.filter((line) => line.productId === productId && line.status === "held" && line.pinned));
  }

  apply<O extends string>(orderId: string, { outcome, changes }: Decision<O>): O {
    for (const { productId, quantity, status, expiresAt } of changes.holds) {
      const at = this.lines.findIndex((line) => line.orderId === orderId && line.productId === productId);
      const line = { orderId, productId, quantity, status, pinned: expiresAt === null, live: status === "held" };
      this.lines.splice(at < 0 ? this.lines.length : at, at < 0 ? 0 : 1, line);
    }
    for (const counter of changes.counters) {
      this.onHand.set(counter.productId, (this.onHand.get(counter.productId) ?? 0) + counter.onHand);
      this.pinned.set(counter.productId, (this.pinned.get(counter.productId) ?? 0) + counter.pinned);
    }
    this.movements.push(...changes.movements);
    if (changes.tombstone) this.tombstones.add(orderId);
    return outcome;
  }

  /** The order's expiring holds run out. */
  lapse(orderId: string): void {
    for (const line of this.lines) if (line.orderId === orderId && !line.pinned) line.live = false;
  }
}

const sumOf = (lines: { quantity: number }[]) => lines.reduce((sum, line) => sum + line.quantity, 0);
