import type { Message } from "@shop/kit/messaging/envelope";
import type { TransactionSql } from "@shop/kit/stores/postgres";
import type { StockTarget } from "../deps";
import { applyChanges } from "../domain/apply";
import type { Decision } from "../domain/decision";
import type { Stock, StockChanges } from "../domain/stock";
import { type LockedStock, lockStock, writeStock } from "./stock-rows";

export type ChangeRequest = { message: Message; target: StockTarget; decide: (stock: Stock) => Decision };

/** `error` is what `decide` threw. Only the request itself fails then. */
export type ChangeResult = { decision?: Decision; error?: unknown };

/**
 * Locks the stock of all requests, decides the requests one after the other, each on the result of the previous one, and
 * writes once.
 */
export async function decideBatch(tx: TransactionSql, requests: ChangeRequest[]): Promise<Map<Message, ChangeResult>> {
  const results = new Map<Message, ChangeResult>();
  if (requests.length === 0) return results;
  const orderIds = requests.map(({ target }) => target.orderId);
  const locked = await lockStock(tx, orderIds, [...new Set(requests.flatMap(({ target }) => target.productIds))]);
  const stocks = stockByOrder(locked);
  const writes: { orderId: string; changes: StockChanges }[] = [];
  for (const { message, target, decide } of requests) {
    try {
      const stock = stocks.get(target);
      const decision = decide(stock);
      stocks.set(target.orderId, applyChanges(stock, decision.changes));
      writes.push({ orderId: target.orderId, changes: decision.changes });
      results.set(message, { decision });
    } catch (error) {
      results.set(message, { error });
    }
  }
  await writeStock(tx, writes);
  return results;
}

/** The locked stock, as seen by one order at a time. */
function stockByOrder(locked: LockedStock) {
  const products = new Map(locked.products.map((product) => [product.productId, product]));
  const holds = Map.groupBy(locked.holds, ({ orderId }) => orderId) as Map<string, Stock["holds"]>;
  const releasedFirst = new Set(locked.releasedFirst);
  return {
    get({ orderId, productIds }: StockTarget): Stock {
      const held = holds.get(orderId) ?? [];
      const ids = new Set([...productIds, ...held.map(({ productId }) => productId)]);
      return {
        holds: held,
        products: [...ids].flatMap((id) => products.get(id) ?? []),
        releasedFirst: releasedFirst.has(orderId),
      };
    },
    set(orderId: string, stock: Stock): void {
      holds.set(orderId, stock.holds);
      for (const product of stock.products) products.set(product.productId, product);
      if (stock.releasedFirst) releasedFirst.add(orderId);
    },
  };
}
