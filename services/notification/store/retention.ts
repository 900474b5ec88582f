import { plusSeconds } from "@shop/kit/clock";
import { firstIdAt } from "@shop/kit/ids";
import type { Sql } from "@shop/kit/postgres";
import { type RetentionRule, removedRows } from "@shop/kit/retention";

const daySeconds = 86_400;
/** The log is also this service's inbox: by then no message comes again. */
const deliveryDays = 90;

/** A delivery's id says when it was made: the primary key is the index. */
export const retentionRules = (sql: Sql): RetentionRule[] => [
  {
    what: "notification.delivery",
    async removeSome(limit) {
      const madeBefore = firstIdAt(plusSeconds(new Date(), -deliveryDays * daySeconds));
      return removedRows(
        await sql`
          delete from delivery where id in (
            select id from delivery where id < ${madeBefore} and status in ('sent', 'failed', 'skipped')
            order by id limit ${limit} for update skip locked
          )`,
        limit,
      );
    },
  },
];
