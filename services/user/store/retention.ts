import type { Sql } from "@shop/kit/stores/postgres";
import { type RetentionRule, rowsRule } from "@shop/kit/stores/retention";

/** So long a used or expired token is known, so that whoever stole it is noticed when they try it. */
const expiredDays = 30;

export const retentionRules = (sql: Sql): RetentionRule[] => [
  rowsRule(
    "user.refresh_token",
    (limit) => sql`
      delete from refresh_token where token_hash in (
        select token_hash from refresh_token where expires_at < now() - make_interval(days => ${expiredDays})
        order by expires_at limit ${limit} for update skip locked
      )`,
  ),
];
