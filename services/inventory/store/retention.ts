import { plusDays } from "@shop/kit/clock";
import { firstIdAt } from "@shop/kit/ids";
import { expiredKeysRule } from "@shop/kit/stores/idempotency";
import type { Sql } from "@shop/kit/stores/postgres";
import { deleteRule, type RetentionRule } from "@shop/kit/stores/retention";

/** As long as dead letters are normally kept, so that a replayed message still finds the released hold or the tombstone. */
const releasedDays = 30;

/**
 * Removes released holds, tombstones and expired idempotency keys.
 * @param o.soldDays if set, sold holds are removed after this time
 */
export function retentionRules(sql: Sql, o: { soldDays?: number }): RetentionRule[] {
  const released = deleteRule(
    "inventory.reservation",
    (limit) => sql`
      delete from reservation where (order_id, product_id) in (
        select order_id, product_id from reservation
        where status = 'released' and updated_at < now() - make_interval(days => ${releasedDays})
        order by updated_at limit ${limit} for update skip locked
      )`,
  );
  const tombstones = deleteRule(
    "inventory.released_first",
    (limit) => sql`
      delete from released_first where order_id in (
        select order_id from released_first where created_at < now() - make_interval(days => ${releasedDays})
        order by created_at limit ${limit} for update skip locked
      )`,
  );
  // An order's id contains its creation time, so the primary key serves as the index.
  const sold = (days: number) =>
    deleteRule(
      "inventory.reservation",
      (limit) => sql`
        delete from reservation where (order_id, product_id) in (
          select order_id, product_id from reservation
          where order_id < ${firstIdAt(plusDays(new Date(), -days))} and status = 'committed'
            and updated_at < now() - make_interval(days => ${days})
          order by order_id limit ${limit} for update skip locked
        )`,
    );
  return [
    released,
    tombstones,
    ...(o.soldDays === undefined ? [] : [sold(o.soldDays)]),
    expiredKeysRule(sql, "inventory"),
  ];
}
