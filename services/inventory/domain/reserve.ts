import type { Item } from "@shop/contracts/common";
import { mergeItems } from "@shop/contracts/items";
import { type Decision, updated } from "./decision";
import { availableOf, type Hold, noChanges, type Stock, stockOf } from "./stock";

export type Reserve = {
  orderId: string;
  items: Item[];
  /** Without it the hold is pinned. */
  expiresAt?: string;
  sagaId?: string;
};

export type Refusal = "inventory.product_unknown" | "inventory.out_of_stock" | "inventory.released_before";

/**
 * Holds everything an order asks for, or nothing.
 * An order that holds already keeps what it has; asking again can only pin it, or renew a hold that has lapsed.
 */
export function decideReservation(stock: Stock, reserve: Reserve): Decision<"reserved" | "repeated" | "rejected"> {
  const items = mergeItems(reserve.items);
  const ended = stock.releasedFirst || stock.holds.some((hold) => hold.status === "released");
  if (ended) return reject(reserve, items, "inventory.released_before");
  if (stock.holds.length > 0) return holdAgain(stock, reserve);

  const refusal = refusalOf(stock, items);
  return refusal ? reject(reserve, items, refusal) : hold(reserve, items);
}

function holdAgain(stock: Stock, reserve: Reserve): Decision<"reserved" | "repeated" | "rejected"> {
  const { holds } = stock;
  const lapsed = holds.some((held) => held.status === "held" && !held.live);
  if (lapsed) {
    const refusal = refusalOf(stock, holds);
    return refusal ? letGo(reserve, holds, refusal) : hold(reserve, holds);
  }
  const pinsNow = reserve.expiresAt === undefined && holds.some((held) => held.status === "held" && !held.pinned);
  if (pinsNow) return hold(reserve, holds);
  return { outcome: "repeated", changes: noChanges, drafts: [updated("reserved", { ...reserve, items: holds })] };
}

function refusalOf(stock: Stock, items: readonly (Item | Hold)[]): Refusal | undefined {
  const known = new Map(stock.products.map((product) => [product.productId, availableOf(product)]));
  if (items.some((item) => !known.has(item.productId))) return "inventory.product_unknown";
  const short = items.some((item) => item.quantity > (known.get(item.productId) as number));
  return short ? "inventory.out_of_stock" : undefined;
}

function hold(reserve: Reserve, items: readonly (Item | Hold)[]): Decision<"reserved"> {
  const expiresAt = reserve.expiresAt ?? null;
  const held = items.map(({ productId, quantity }) => ({ productId, quantity }));
  return {
    outcome: "reserved",
    changes: {
      ...noChanges,
      holds: held.map((item) => ({ ...item, status: "held", expiresAt })),
      counters: expiresAt ? [] : held.map(({ productId, quantity }) => ({ productId, onHand: 0, pinned: quantity })),
    },
    drafts: [updated("reserved", { ...reserve, items: held })],
  };
}

const reject = (reserve: Reserve, items: readonly (Item | Hold)[], code: Refusal): Decision<"rejected"> => ({
  outcome: "rejected",
  changes: noChanges,
  drafts: [updated("rejected", { ...reserve, items: [...items], code })],
});

/** A lapsed hold that cannot be renewed is over: rejected means that nothing is held, and nothing will be. */
const letGo = (reserve: Reserve, holds: Hold[], code: Refusal): Decision<"rejected"> => ({
  ...reject(reserve, holds, code),
  changes: {
    ...noChanges,
    holds: holds.map(({ productId, quantity }) => ({ productId, quantity, status: "released", expiresAt: null })),
  },
});

/** Whether a hold still keeps its stock from others, or the stock is there all the same. */
export const isCovered = (stock: Stock, held: Hold): boolean =>
  held.live || availableOf(stockOf(stock, held.productId)) >= held.quantity;
