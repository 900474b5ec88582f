import { batched } from "@shop/kit/async/batch";
import type { Sql } from "@shop/kit/stores/postgres";
import type { DeliveryStore, NewDelivery } from "../deps";
import type { Delivery } from "../domain/delivery";

/** Deliveries in the service's PostgreSQL database. Their unique key on message and channel serves as the inbox. */
export function deliveryStore(sql: Sql): DeliveryStore {
  /** Concurrent calls share one statement and one commit. */
  const record = batched<NewDelivery, boolean>({
    name: "record deliveries",
    maxSize: 64,
    maxConcurrent: 1,
    async run(deliveries) {
      const rows = deliveries.map((d) => ({ ...d, data: d.status === "skipped" ? null : d.data }));
      const inserted = await sql<{ id: string }[]>`
        insert into delivery (id, message_id, channel, user_id, recipient, template, subject, data, status, attempts,
          lease_until, created_at, traceparent)
        select id, "messageId", channel, "userId", recipient, template, subject, data, status, attempts, "leaseUntil",
          "createdAt", traceparent
        from jsonb_to_recordset(${sql.json(rows as never)}) as d(id uuid, "messageId" uuid, channel text, "userId" uuid,
          recipient text, template text, subject text, data jsonb, status delivery_status, attempts int,
          "leaseUntil" timestamptz, "createdAt" timestamptz, traceparent text)
        on conflict (message_id, channel) do nothing returning id`;
      const ids = new Set(inserted.map(({ id }) => id));
      return deliveries.map(({ id }) => ids.has(id));
    },
  });

  return {
    record,

    async claim(now, leaseUntil, limit) {
      return sql<Delivery[]>`
        with due as (
          select id from delivery where status in ('pending', 'sending') and lease_until <= ${now}
          order by lease_until limit ${limit} for update skip locked
        )
        update delivery set status = 'sending', attempts = attempts + 1, lease_until = ${leaseUntil}
        from due where delivery.id = due.id
        returning delivery.id, channel, template, recipient, data, attempts, lease_until as "leaseUntil",
          traceparent`;
    },

    /** The outcome `sent` is always recorded; any other outcome only if it belongs to the latest attempt. */
    async recordOutcomes(outcomes, now) {
      await sql`
        update delivery set status = o.status, last_error = o.error, lease_until = o."leaseUntil",
          sent_at = case when o.status = 'sent' then ${now}::timestamptz end,
          data = case when o.status = 'sent' then null else data end
        from jsonb_to_recordset(${sql.json(outcomes as never)})
          as o(id uuid, attempts int, status delivery_status, "leaseUntil" timestamptz, error text)
        where delivery.id = o.id and delivery.status <> 'sent' and (o.status = 'sent' or delivery.attempts = o.attempts)`;
    },
  };
}
