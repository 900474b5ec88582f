import { plusSeconds } from "@shop/kit/clock";
import { firstIdAt } from "@shop/kit/ids";
import type { Sql } from "@shop/kit/postgres";
import { type RetentionRule, removedRows } from "@shop/kit/retention";

const daySeconds = 86_400;
/** Longer than a message about an order may be late: its dead letter is gone by then. */
const lateDays = 30;

/** What orders that were given up leave behind, and what was sold, if it is not to be kept for ever. */
export function retentionRules(sql: Sql, o: { soldDays?: number }): RetentionRule[] {
  const released: RetentionRule = {
    what: "inventory.reservation",
    async removeSome(limit) {
      return removedRows(
        await sql`
          delete from reservation where (order_id, product_id) in (
            select order_id, product_id from reservation
            where status = 'released' and updated_at < now() - make_interval(days => ${lateDays})
            order by updated_at limit ${limit} for update skip locked
          )`,
        limit,
      );
    },
  };
  const tombstones: RetentionRule = {
    what: "inventory.released_first",
    async removeSome(limit) {
      return removedRows(
        await sql`
          delete from released_first where order_id in (
            select order_id from released_first where created_at < now() - make_interval(days => ${lateDays})
            order by created_at limit ${limit} for update skip locked
          )`,
        limit,
      );
    },
  };
  const sold = (days: number): RetentionRule => ({
    what: "inventory.reservation",
    async removeSome(limit) {
      // An order's id says when it was made: the primary key is the index.
      const madeBefore = firstIdAt(plusSeconds(new Date(), -days * daySeconds));
      return removedRows(
        await sql`
          delete from reservation where (order_id, product_id) in (
            select order_id, product_id from reservation
            where order_id < ${madeBefore} and status = 'committed' and updated_at < now() - make_interval(days => ${days})
            order by order_id limit ${limit} for update skip locked
          )`,
        limit,
      );
    },
  });
  return [released, tombstones, ...(o.soldDays === undefined ? [] : [sold(o.soldDays)])];
}
