import type { TransactionSql } from "@shop/kit/stores/postgres";
import type { Hold, ProductStock, StockChanges } from "../domain/stock";

/** What is read under the locks: requested and held products, the orders' holds, and the orders with a tombstone. */
export type LockedStock = {
  products: ProductStock[];
  holds: (Hold & { orderId: string })[];
  releasedFirst: string[];
};

/**
 * Locks the orders and the products they request or hold, sorted by id, so that two transactions cannot deadlock. Then
 * reads the stock in a separate statement. A statement sees only what was committed before it began, so a statement that
 * both locked and read would miss what the previous holder of the lock has committed.
 */
export async function lockStock(tx: TransactionSql, orderIds: string[], productIds: string[]): Promise<LockedStock> {
  const [, , [stock]] = await Promise.all([
    // A reservation and a release of one order may run concurrently, before a row exists that could be locked.
    tx`
      select pg_advisory_xact_lock(key)
      from (select distinct hashtextextended(id, 0) as key from unnest(${orderIds}::text[]) as id order by 1) as keys`,
    tx`
      select id from product where id in (
        select unnest(${productIds}::uuid[]) union select product_id from reservation where order_id = any(${orderIds}::uuid[])
      ) order by id for no key update`,
    readStock(tx, orderIds, productIds),
  ]);
  return stock as LockedStock;
}

/**
 * The database's clock decides whether a hold has lapsed. It is read while the lock is held, so that a later transaction never
 * sees an earlier time.
 */
const readStock = (tx: TransactionSql, orderIds: string[], productIds: string[]) => tx<LockedStock[]>`
  with clock as materialized (select clock_timestamp() as at),
  hold as (
    select order_id, product_id, quantity, status, expires_at is null as pinned,
      status = 'held' and (expires_at is null or expires_at > at) as live
    from reservation, clock where order_id = any(${orderIds}::uuid[])
  )
  select
    (select coalesce(json_agg(order_id), '[]') from released_first where order_id = any(${orderIds}::uuid[])) as "releasedFirst",
    (select coalesce(json_agg(json_build_object('orderId', order_id, 'productId', product_id, 'quantity', quantity,
      'status', status, 'pinned', pinned, 'live', live) order by product_id), '[]') from hold) as holds,
    (select coalesce(json_agg(json_build_object('productId', id, 'onHand', on_hand, 'pinned', pinned,
      'lowStockThreshold', low_stock_threshold, 'expiring', (
        select coalesce(sum(quantity), 0) from reservation
        where product_id = product.id and status = 'held' and expires_at is not null and expires_at > at
      )) order by id), '[]')
      from product, clock
      where id in (select unnest(${productIds}::uuid[]) union select product_id from hold)) as products`;

/** Writes the changes of several orders in one statement. If an order changes a hold twice, the last change wins. */
export async function writeStock(
  tx: TransactionSql,
  writes: { orderId: string | null; changes: StockChanges }[],
): Promise<void> {
  const collect = <T extends object>(pick: (changes: StockChanges) => T[]) =>
    writes.flatMap(({ orderId, changes }) => pick(changes).map((row) => ({ orderId, ...row })));
  const holds = [
    ...new Map(collect(({ holds }) => holds).map((hold) => [`${hold.orderId} ${hold.productId}`, hold])).values(),
  ];
  const changed = {
    holds,
    counters: collect(({ counters }) => counters),
    movements: collect(({ movements }) => movements),
    tombstones: writes.filter(({ changes }) => changes.tombstone).map(({ orderId }) => orderId),
  };
  if (Object.values(changed).every((rows) => rows.length === 0)) return;
  await tx`
    with changed as materialized (select ${tx.json(changed)}::jsonb as it),
    counted as (
      update product set on_hand = product.on_hand + c.on_hand, pinned = product.pinned + c.pinned, updated_at = now()
      from (
        select "productId" as id, sum("onHand")::int as on_hand, sum(pinned)::int as pinned
        from changed, jsonb_to_recordset(it->'counters') as c("productId" uuid, "onHand" int, pinned int)
        group by "productId"
      ) as c
      where product.id = c.id
    ),
    held as (
      insert into reservation (order_id, product_id, quantity, status, expires_at)
      select h."orderId", h."productId", h.quantity, h.status, h."expiresAt"
      from changed, jsonb_to_recordset(it->'holds')
        as h("orderId" uuid, "productId" uuid, quantity int, status reservation_status, "expiresAt" timestamptz)
      on conflict (order_id, product_id) do update
      set quantity = excluded.quantity, status = excluded.status, expires_at = excluded.expires_at, updated_at = now()
    ),
    moved as (
      insert into stock_movement (product_id, delta, reason, order_id)
      select m."productId", m.delta, m.reason, m."orderId"
      from changed, jsonb_to_recordset(it->'movements')
        as m("orderId" uuid, "productId" uuid, delta int, reason movement_reason)
    )
    insert into released_first (order_id)
    select t::uuid from changed, jsonb_array_elements_text(it->'tombstones') as t on conflict do nothing`;
}
