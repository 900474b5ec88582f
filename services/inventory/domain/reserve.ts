import type { Item } from "@shop/contracts/common";
import { mergeItems } from "@shop/contracts/items";
import { type Decision, updatedEvent } from "./decision";
import { countAvailable, getProductStock, type Hold, noChanges, type Stock } from "./stock";

export type ReserveCommand = {
  orderId: string;
  items: Item[];
  /** ISO 8601. The hold is pinned if not set. */
  expiresAt?: string;
  sagaId?: string;
};

export type Refusal = "inventory.product_unknown" | "inventory.out_of_stock" | "inventory.released_before";

/**
 * Holds all items of an order, or none. An order that already holds items keeps them: a repeated reservation only pins
 * the hold, or renews it if it has lapsed.
 */
export function decideReservation(
  stock: Stock,
  command: ReserveCommand,
): Decision<"reserved" | "repeated" | "rejected"> {
  const items = mergeItems(command.items);
  const wasReleased = stock.releasedFirst || stock.holds.some((hold) => hold.status === "released");
  if (wasReleased) return reject(command, items, "inventory.released_before");
  if (stock.holds.length > 0) return repeatReservation(stock, command);

  const refusal = findRefusal(stock, items);
  return refusal ? reject(command, items, refusal) : accept(command, items);
}

function repeatReservation(stock: Stock, command: ReserveCommand): Decision<"reserved" | "repeated" | "rejected"> {
  const { holds } = stock;
  const hasLapsed = holds.some((held) => held.status === "held" && !held.live);
  if (hasLapsed) {
    const refusal = findRefusal(stock, holds);
    return refusal ? rejectAndRelease(command, holds, refusal) : accept(command, holds);
  }
  const mustPin = command.expiresAt === undefined && holds.some((held) => held.status === "held" && !held.pinned);
  if (mustPin) return accept(command, holds);
  return { outcome: "repeated", changes: noChanges, drafts: [updatedEvent("reserved", { ...command, items: holds })] };
}

function findRefusal(stock: Stock, items: readonly (Item | Hold)[]): Refusal | undefined {
  const available = new Map(stock.products.map((product) => [product.productId, countAvailable(product)]));
  if (items.some((item) => !available.has(item.productId))) return "inventory.product_unknown";
  const isShort = items.some((item) => item.quantity > (available.get(item.productId) as number));
  return isShort ? "inventory.out_of_stock" : undefined;
}

function accept(command: ReserveCommand, items: readonly (Item | Hold)[]): Decision<"reserved"> {
  const expiresAt = command.expiresAt ?? null;
  const held = items.map(({ productId, quantity }) => ({ productId, quantity }));
  return {
    outcome: "reserved",
    changes: {
      ...noChanges,
      holds: held.map((item) => ({ ...item, status: "held", expiresAt })),
      counters: expiresAt ? [] : held.map(({ productId, quantity }) => ({ productId, onHand: 0, pinned: quantity })),
    },
    drafts: [updatedEvent("reserved", { ...command, items: held })],
  };
}

const reject = (command: ReserveCommand, items: readonly (Item | Hold)[], code: Refusal): Decision<"rejected"> => ({
  outcome: "rejected",
  changes: noChanges,
  drafts: [updatedEvent("rejected", { ...command, items: [...items], code })],
});

/** A lapsed hold that cannot be renewed is released for good: after a rejection the order holds nothing. */
const rejectAndRelease = (command: ReserveCommand, holds: Hold[], code: Refusal): Decision<"rejected"> => ({
  ...reject(command, holds, code),
  changes: {
    ...noChanges,
    holds: holds.map(({ productId, quantity }) => ({ productId, quantity, status: "released", expiresAt: null })),
  },
});

/** Whether a hold is live or, if it has lapsed, its stock is still available. */
export const isCovered = (stock: Stock, held: Hold): boolean =>
  held.live || countAvailable(getProductStock(stock, held.productId)) >= held.quantity;
