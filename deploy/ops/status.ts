import { sagaEndStatuses } from "../../services/_kit/saga/engine";
import { paymentsOf, type Stores } from "./stores";

export type QueueStatus = { queue: string; waiting: number; active: number; delayed: number; dead: number };
export type OutboxStatus = { service: string; unsent: number; oldestSeconds: number };
export type Status = {
  queues: QueueStatus[];
  outboxes: OutboxStatus[];
  sagas: { saga: string; status: string; count: number }[];
};

/** What an operator asks first: is anything piling up, and where. */
export async function status({ queues, sql, orders }: Stores): Promise<Status> {
  const queueRows = await Promise.all(
    [...queues].map(async ([name, queue]) => {
      const { waiting, active, delayed, failed, prioritized } = await queue.getJobCounts();
      return {
        queue: name,
        waiting: (waiting ?? 0) + (prioritized ?? 0),
        active: active ?? 0,
        delayed: delayed ?? 0,
        dead: failed ?? 0,
      };
    }),
  );
  const outboxRows = await Promise.all(
    [...sql].map(async ([service, client]) => {
      const [row] = await client<{ unsent: number; oldest: number }[]>`
        select count(*)::int as unsent, coalesce(extract(epoch from now() - min(created_at)), 0)::float as oldest
        from outbox where sent_at is null`;
      return { service, unsent: row?.unsent ?? 0, oldestSeconds: row?.oldest ?? 0 };
    }),
  );
  // Indexed: how many orders there ever were makes no difference.
  const unsentOrders = { unsentSince: { $gt: new Date(0) } };
  const [unsent, oldest] = await Promise.all([
    orders.countDocuments(unsentOrders),
    orders.find(unsentOrders).sort({ unsentSince: 1 }).limit(1).next(),
  ]);
  const oldestSeconds = oldest?.unsentSince ? (Date.now() - oldest.unsentSince.getTime()) / 1000 : 0;
  const paying = await paymentsOf(sql)<Status["sagas"]>`
    select saga->>'name' as saga, saga->>'status' as status, count(*)::int as count
    from payment where saga_wake_at is not null group by 1, 2 order by 1, 2`;
  return {
    queues: queueRows,
    outboxes: [...outboxRows, { service: "order", unsent, oldestSeconds }],
    sagas: [...(await sagasByState(orders)), ...paying],
  };
}

async function sagasByState(orders: Stores["orders"]): Promise<Status["sagas"]> {
  const count = (match: object, status: string) =>
    orders
      .aggregate<Status["sagas"][number]>([
        { $match: match },
        { $group: { _id: { saga: "$saga.name", status }, count: { $sum: 1 } } },
        { $project: { _id: 0, saga: "$_id.saga", status: "$_id.status", count: 1 } },
        { $sort: { saga: 1, status: 1 } },
      ])
      .toArray();
  const [underWay, stuck, all] = await Promise.all([
    count(
      { wakeAt: { $gt: new Date(0) }, "saga.status": { $nin: sagaEndStatuses }, "saga.stuck": { $exists: false } },
      "$saga.status",
    ),
    count({ "saga.stuck": { $exists: true } }, "stuck"),
    orders.estimatedDocumentCount(),
  ]);
  const open = [...underWay, ...stuck];
  const ended = all - open.reduce((sum, row) => sum + row.count, 0);
  return [...open, { saga: "all", status: "at an end", count: Math.max(0, ended) }];
}
