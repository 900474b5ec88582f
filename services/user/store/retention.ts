import type { Sql } from "@shop/kit/stores/postgres";
import { deleteRule, type RetentionRule } from "@shop/kit/stores/retention";

/** Expired refresh tokens are kept for this long, so that the reuse of a stolen token is still detected. */
const expiredDays = 30;

export const retentionRules = (sql: Sql): RetentionRule[] => [
  deleteRule(
    "user.refresh_token",
    (limit) => sql`
      delete from refresh_token where token_hash in (
        select token_hash from refresh_token where expires_at < now() - make_interval(days => ${expiredDays})
        order by expires_at limit ${limit} for update skip locked
      )`,
  ),
];
