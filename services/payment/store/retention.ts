import { plusDays } from "@shop/kit/clock";
import { firstIdAt } from "@shop/kit/ids";
import type { Sql } from "@shop/kit/stores/postgres";
import { type RetentionRule, rowsRule } from "@shop/kit/stores/retention";

/** Payments are books: kept for ever, unless told otherwise. Their ids say when they were made: the primary key is the index. */
export const retentionRules = (sql: Sql, o: { paymentDays?: number }): RetentionRule[] =>
  o.paymentDays === undefined ? [] : [ended(sql, o.paymentDays)];

/** With its calls to the provider. One that is still worked on stays. */
const ended = (sql: Sql, days: number): RetentionRule =>
  rowsRule(
    "payment.payment",
    (limit) => sql`
      with old as materialized (
        select id from payment
        where id < ${firstIdAt(plusDays(new Date(), -days))} and updated_at < now() - make_interval(days => ${days})
          and status <> 'pending' and next_attempt_at is null
        order by id limit ${limit} for update skip locked
      ), calls as (delete from transaction using old where payment_id = old.id)
      delete from payment using old where payment.id = old.id`,
  );
