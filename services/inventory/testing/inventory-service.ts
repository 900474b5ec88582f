import { type DataFor, type Draft, messages } from "@shop/contracts/messages";
import { systemClock } from "@shop/kit/clock";
import type { Message } from "@shop/kit/messaging/envelope";
import { createPublisher } from "@shop/kit/messaging/publisher";
import { postgresOutbox } from "@shop/kit/outbox/postgres";
import { silentLog } from "@shop/kit/testing/log";
import { testMessage } from "@shop/kit/testing/message";
import { testPostgres, testRedisUrl } from "@shop/kit/testing/stores";
import { commitStock } from "../commands/commit-stock";
import { releaseStock } from "../commands/release-stock";
import { reserveStock } from "../commands/reserve-stock";
import type { Deps } from "../deps";
import { migrations } from "../migrate";
import { productStore } from "../store/products";
import { stockStore } from "../store/stock";

export const redisUrl = testRedisUrl(2);

/** A message as a consumer receives it. */
export const aMessage = ({ type, data, sagaid }: Draft): Message => testMessage(type, data, { sagaid });

/** The inventory service without HTTP and queue consumer, on a new database. */
export async function testInventoryService() {
  const database = await testPostgres("inventory", migrations);
  const { sql } = database;
  const messaging = { redisUrl, catalogue: messages, log: silentLog };
  const publisher = createPublisher(messaging);
  const outbox = postgresOutbox({ ...messaging, sql, source: "inventory", publisher, clock: systemClock });
  const deps: Deps = { stock: stockStore(outbox), products: productStore(sql) };

  return {
    deps,
    sql,
    /**
     * Creates a product.
     * @param stock units on hand
     * @returns its id
     */
    async aProduct(stock: number, lowStockThreshold = 0): Promise<string> {
      const id = Bun.randomUUIDv7();
      const price = { amount: 1999, currency: "USD" };
      await deps.products.put(id, { name: "Mug", description: "", price, lowStockThreshold });
      if (stock > 0) await sql`update product set on_hand = ${stock} where id = ${id}`;
      if (stock > 0)
        await sql`insert into stock_movement (product_id, delta, reason) values (${id}, ${stock}, 'received')`;
      return id;
    },
    reserve(
      data: DataFor<"inventory.reserve">,
      message = aMessage({ type: "inventory.reserve", data, sagaid: "saga-1" }),
    ) {
      return reserveStock(deps, data, message);
    },
    release(orderId: string, message = aMessage({ type: "inventory.release", data: { orderId }, sagaid: "saga-1" })) {
      return releaseStock(deps, { orderId }, message);
    },
    commit(orderId: string, message?: Message) {
      const data = { orderId, userId: orderId, items: [], total: { amount: 0, currency: "USD" } };
      return commitStock(deps, data, message ?? aMessage({ type: "order.confirmed", data }));
    },
    /** The `inventory.updated` events about an order, oldest first. */
    async listUpdates(orderId: string) {
      const rows = await sql<{ body: Message<string, DataFor<"inventory.updated">> }[]>`
        select body from outbox where subject = ${orderId} order by seq`;
      return rows.map(({ body }) => ({ ...body.data, sagaid: body.sagaid }));
    },
    async getStock(productId: string) {
      const [row] = await sql<{ onHand: number; pinned: number }[]>`
        select on_hand as "onHand", pinned from product where id = ${productId}`;
      const product = await deps.products.find(productId);
      return { onHand: row?.onHand, pinned: row?.pinned, available: product?.available };
    },
    async listMovements(productId: string) {
      const rows = await sql`select delta, reason from stock_movement where product_id = ${productId} order by id`;
      return rows.map((row) => `${row.reason} ${row.delta}`);
    },
    /** Products that are oversold, or whose counters differ from the sums of their movements and holds. */
    async findInconsistentProducts() {
      return sql`
        select id from product where
          on_hand <> (select coalesce(sum(delta), 0) from stock_movement where product_id = product.id)
          or pinned <> (select coalesce(sum(quantity), 0) from reservation
                        where product_id = product.id and status = 'held' and expires_at is null)
          or on_hand < (select coalesce(sum(quantity), 0) from reservation
                        where product_id = product.id and status = 'held'
                        and (expires_at is null or expires_at > now()))`;
    },
    async close() {
      await outbox.close();
      await publisher.close();
      await database.drop();
    },
  };
}

export type TestInventoryService = Awaited<ReturnType<typeof testInventoryService>>;
