import { plusDays } from "@shop/kit/clock";
import { firstIdAt } from "@shop/kit/ids";
import type { Sql } from "@shop/kit/stores/postgres";
import { type RetentionRule, rowsRule } from "@shop/kit/stores/retention";

/** Longer than a message about an order may be late: its dead letter is gone by then. */
const lateDays = 30;

/** What orders that were given up leave behind, and what was sold, if it is not to be kept for ever. */
export function retentionRules(sql: Sql, o: { soldDays?: number }): RetentionRule[] {
  const released = rowsRule(
    "inventory.reservation",
    (limit) => sql`
      delete from reservation where (order_id, product_id) in (
        select order_id, product_id from reservation
        where status = 'released' and updated_at < now() - make_interval(days => ${lateDays})
        order by updated_at limit ${limit} for update skip locked
      )`,
  );
  const tombstones = rowsRule(
    "inventory.released_first",
    (limit) => sql`
      delete from released_first where order_id in (
        select order_id from released_first where created_at < now() - make_interval(days => ${lateDays})
        order by created_at limit ${limit} for update skip locked
      )`,
  );
  // An order's id says when it was made: the primary key is the index.
  const sold = (days: number) =>
    rowsRule(
      "inventory.reservation",
      (limit) => sql`
        delete from reservation where (order_id, product_id) in (
          select order_id, product_id from reservation
          where order_id < ${firstIdAt(plusDays(new Date(), -days))} and status = 'committed'
            and updated_at < now() - make_interval(days => ${days})
          order by order_id limit ${limit} for update skip locked
        )`,
    );
  return [released, tombstones, ...(o.soldDays === undefined ? [] : [sold(o.soldDays)])];
}
