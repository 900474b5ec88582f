import { plusDays } from "@shop/kit/clock";
import { firstIdAt } from "@shop/kit/ids";
import type { Sql } from "@shop/kit/stores/postgres";
import { deleteRule, type RetentionRule } from "@shop/kit/stores/retention";

/**
 * Payments are accounting records: they are kept for ever unless `paymentDays` is set. Their ids contain the time of
 * creation, so the primary key serves as the index.
 */
export const retentionRules = (sql: Sql, o: { paymentDays?: number }): RetentionRule[] =>
  o.paymentDays === undefined ? [] : [endedRule(sql, o.paymentDays)];

/** Removes ended payments with their calls. A payment that still has a call to make is kept. */
const endedRule = (sql: Sql, days: number): RetentionRule =>
  deleteRule(
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
