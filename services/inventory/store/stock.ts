import type { Messages } from "@shop/contracts/messages";
import type { PostgresOutbox } from "@shop/kit/outbox-postgres";
import type { TransactionSql } from "@shop/kit/postgres";
import type { StockStore } from "../deps";
import type { ProductStock, Stock, StockChanges } from "../domain/stock";

/** The stock of the service's PostgreSQL database. Commits go through the outbox, so that no change is left untold. */
export const stockStore = (outbox: PostgresOutbox<Messages>): StockStore => ({
  changeStock: (message, { orderId, productIds }, decide) =>
    outbox.commit(message, async (tx) => {
      // Three statements, one round trip. Each sees what was committed before it began, so the figures are read only after
      // the locks are there: read together with them, they would miss the holds of whoever had the lock before.
      const [, , [stock]] = await Promise.all([
        lockOrder(tx, orderId),
        lockProducts(tx, orderId, productIds),
        readStock(tx, orderId, productIds),
      ]);
      const { outcome, changes, drafts } = decide(stock as Stock);
      await write(tx, orderId, changes);
      return { subject: orderId, drafts, result: outcome };
    }),

  changeProduct: (productId, decide) =>
    outbox.commit(undefined, async (tx) => {
      const [, [stock]] = await Promise.all([lockProducts(tx, null, [productId]), readStock(tx, null, [productId])]);
      const before = stock?.products[0];
      if (!before) return { subject: productId, drafts: [], result: undefined };
      const changes = decide(before);
      await write(tx, null, changes);
      return { subject: productId, drafts: [], result: changes.counters.reduce(counted, before) };
    }),
});

const counted = (stock: ProductStock, counter: StockChanges["counters"][number]): ProductStock => ({
  ...stock,
  onHand: stock.onHand + counter.onHand,
  pinned: stock.pinned + counter.pinned,
});

/** A reserve and a release of one order may come at the same time, before there is a row that one could wait for. */
const lockOrder = (tx: TransactionSql, orderId: string) =>
  tx`select pg_advisory_xact_lock(hashtextextended(${orderId}::uuid::text, 0))`;

/** Always in the order of ids, so that two orders of the same products cannot wait for each other. */
const lockProducts = (tx: TransactionSql, orderId: string | null, productIds: string[]) => tx`
  select id from product where id in (
    select unnest(${productIds}::uuid[]) union select product_id from reservation where order_id = ${orderId}::uuid
  ) order by id for no key update`;

/** The database's clock decides what is still held: read under the lock, it is one clock for all and never goes back. */
const readStock = (tx: TransactionSql, orderId: string | null, productIds: string[]) => tx<Stock[]>`
  with clock as materialized (select clock_timestamp() as at),
  hold as (
    select product_id, quantity, status, expires_at is null as pinned,
      status = 'held' and (expires_at is null or expires_at > at) as live
    from reservation, clock where order_id = ${orderId}::uuid
  )
  select
    exists (select from released_first where order_id = ${orderId}::uuid) as "releasedFirst",
    (select coalesce(json_agg(json_build_object('productId', product_id, 'quantity', quantity, 'status', status,
      'pinned', pinned, 'live', live) order by product_id), '[]') from hold) as holds,
    (select coalesce(json_agg(json_build_object('productId', id, 'onHand', on_hand, 'pinned', pinned,
      'lowStockThreshold', low_stock_threshold, 'expiring', (
        select coalesce(sum(quantity), 0) from reservation
        where product_id = product.id and status = 'held' and expires_at is not null and expires_at > at
      )) order by id), '[]')
      from product, clock
      where id in (select unnest(${productIds}::uuid[]) union select product_id from hold)) as products`;

async function write(tx: TransactionSql, orderId: string | null, changes: StockChanges): Promise<void> {
  const { holds, counters, movements, tombstone } = changes;
  if (holds.length + counters.length + movements.length === 0 && !tombstone) return;
  await tx`
    with changed as materialized (select ${tx.json(changes)}::jsonb as it),
    counted as (
      update product set on_hand = on_hand + c."onHand", pinned = product.pinned + c.pinned, updated_at = now()
      from changed, jsonb_to_recordset(it->'counters') as c("productId" uuid, "onHand" int, pinned int)
      where id = c."productId"
    ),
    held as (
      insert into reservation (order_id, product_id, quantity, status, expires_at)
      select ${orderId}::uuid, h."productId", h.quantity, h.status, h."expiresAt"
      from changed, jsonb_to_recordset(it->'holds')
        as h("productId" uuid, quantity int, status reservation_status, "expiresAt" timestamptz)
      on conflict (order_id, product_id) do update
      set quantity = excluded.quantity, status = excluded.status, expires_at = excluded.expires_at, updated_at = now()
    ),
    moved as (
      insert into stock_movement (product_id, delta, reason, order_id)
      select m."productId", m.delta, m.reason, ${orderId}::uuid
      from changed, jsonb_to_recordset(it->'movements') as m("productId" uuid, delta int, reason movement_reason)
    )
    insert into released_first (order_id)
    select ${orderId}::uuid from changed where (it->'tombstone')::boolean on conflict do nothing`;
}
