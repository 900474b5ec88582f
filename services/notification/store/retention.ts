import { plusDays } from "@shop/kit/clock";
import { firstIdAt } from "@shop/kit/ids";
import type { Sql } from "@shop/kit/stores/postgres";
import { type RetentionRule, rowsRule } from "@shop/kit/stores/retention";

/** The log is also this service's inbox: by then no message comes again. */
const deliveryDays = 90;

/** A delivery's id says when it was made: the primary key is the index. */
export const retentionRules = (sql: Sql): RetentionRule[] => [
  rowsRule(
    "notification.delivery",
    (limit) => sql`
      delete from delivery where id in (
        select id from delivery
        where id < ${firstIdAt(plusDays(new Date(), -deliveryDays))} and status in ('sent', 'failed', 'skipped')
        order by id limit ${limit} for update skip locked
      )`,
  ),
];
