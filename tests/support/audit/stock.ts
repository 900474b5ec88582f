import type { OrderDocument } from "../../../services/order/store/documents";
import { differencesPerOrder, isCancelled, isCancelledAfterConfirmation, isSold } from "./per-order";
import type { Stores } from "./stores";

/**
 * Compares the reservations and stock movements with the orders. The reservations of an order that is sold must be
 * committed and have taken stock. A cancelled order must hold no stock and have taken none.
 */
export async function stockDifferences(stores: Stores, orders: OrderDocument[]): Promise<string[]> {
  const ids = orders.map(({ _id }) => _id);
  const [reservations, movements] = await Promise.all([
    stores.inventory<{ order_id: string; status: string }[]>`
      select order_id, status from reservation where order_id = any(${ids}::uuid[])`,
    stores.inventory<{ order_id: string; delta: number }[]>`
      select order_id, sum(delta)::int as delta from stock_movement where order_id = any(${ids}::uuid[]) group by order_id`,
  ]);
  const reservationsByOrder = Map.groupBy(reservations, (row) => row.order_id);
  const deltas = new Map(movements.map((row) => [row.order_id, row.delta]));
  return differencesPerOrder(orders, (order) => {
    const states = new Set((reservationsByOrder.get(order._id) ?? []).map(({ status }) => status));
    const actual = `its reservations are [${[...states]}]`;
    const isOnly = (status: string) => states.size === 1 && states.has(status);
    const unitsTaken = -(deltas.get(order._id) ?? 0);
    const [sold, cancelled, cancelledLate] = [isSold(order), isCancelled(order), isCancelledAfterConfirmation(order)];
    return [
      sold && !isOnly("committed") && `${order.status}, but ${actual}`,
      sold && unitsTaken <= 0 && `${order.status}, but it took no units from the stock`,
      cancelled && (states.has("held") || states.has("committed")) && `cancelled, but ${actual}`,
      cancelled && unitsTaken !== 0 && `cancelled, but it took ${unitsTaken} units from the stock`,
      cancelledLate && !isOnly("released") && `cancelled after it was confirmed, but ${actual}`,
    ];
  });
}

/** Units of a product: `reserved` are held by orders, `free` can be sold. */
export type ProductStock = { onHand: number; free: number; reserved: number };

/** @returns the stock of every product, by product id */
export async function readStock({ inventory }: Stores): Promise<Map<string, ProductStock>> {
  const rows = await inventory<(ProductStock & { id: string })[]>`
    select p.id, p.on_hand as "onHand", p.on_hand - h.reserved as free, h.reserved from product p
    cross join lateral (
      select coalesce(sum(quantity), 0)::int as reserved from reservation where product_id = p.id and status = 'held'
    ) h`;
  return new Map(rows.map(({ id, ...stock }) => [id, stock]));
}

/** Checks each product: on hand = the sum of its movements; pinned = the sum of its pinned holds; pinned ≤ on hand. */
export async function productDifferences({ inventory }: Stores): Promise<string[]> {
  const rows = await inventory<object[]>`
    select p.id, p.on_hand, p.pinned, m.moved, h.held from product p
    cross join lateral (select coalesce(sum(delta), 0) as moved from stock_movement where product_id = p.id) m
    cross join lateral (
      select coalesce(sum(quantity), 0) as held from reservation where product_id = p.id and status = 'held' and expires_at is null
    ) h
    where p.on_hand <> m.moved or p.pinned <> h.held or p.on_hand < p.pinned`;
  return rows.map((row) => `product: ${JSON.stringify(row)}`);
}

/** Checks each product: on hand before = free now + reserved now + units sold in these orders. */
export async function salesDifferences(
  stores: Stores,
  before: Map<string, ProductStock>,
  orderIds: string[],
): Promise<string[]> {
  const sold = new Map<string, number>();
  for await (const { items } of stores.orders.find({ _id: { $in: orderIds }, status: "confirmed" }))
    for (const { productId, quantity } of items) sold.set(productId, (sold.get(productId) ?? 0) + quantity);
  return [...(await readStock(stores))].flatMap(([id, { free, reserved }]) => {
    const onHandBefore = before.get(id)?.onHand ?? 0;
    const unitsSold = sold.get(id) ?? 0;
    if (onHandBefore === free + reserved + unitsSold) return [];
    return [`product ${id}: ${onHandBefore} on hand before; now ${free} free, ${reserved} reserved, ${unitsSold} sold`];
  });
}
