import { plusDays } from "@shop/kit/clock";
import { firstIdAt } from "@shop/kit/ids";
import type { Sql } from "@shop/kit/stores/postgres";
import { deleteRule, type RetentionRule } from "@shop/kit/stores/retention";

/** Longer than dead letters are normally kept, because the table also serves as the inbox for replayed messages. */
const deliveryDays = 90;

/** Removes finished deliveries. A delivery's id contains its creation time, so the primary key serves as the index. */
export const retentionRules = (sql: Sql): RetentionRule[] => [
  deleteRule(
    "notification.delivery",
    (limit) => sql`
      delete from delivery where id in (
        select id from delivery
        where id < ${firstIdAt(plusDays(new Date(), -deliveryDays))} and status in ('sent', 'failed', 'skipped')
        order by id limit ${limit} for update skip locked
      )`,
  ),
];
