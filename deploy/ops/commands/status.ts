import { sagaEndStatuses } from "../../../services/_kit/saga/engine";
import type { Stores } from "../stores";
import { table } from "../table";

type QueueRow = { queue: string; waiting: number; active: number; delayed: number; dead: number };
type OutboxRow = { service: string; unsent: number; oldestSeconds: number };
type SagaRow = { saga: string; status: string; count: number };

/** Queue depths, unsent messages and the number of sagas in each state. They show whether and where a backlog grows. */
export async function status(stores: Stores): Promise<string> {
  const [queues, outboxes, sagas] = await Promise.all([readQueues(stores), readOutboxes(stores), countSagas(stores)]);
  return [
    table(
      ["queue", "waiting", "active", "delayed", "dead"],
      queues.map((row) => [row.queue, row.waiting, row.active, row.delayed, row.dead]),
    ),
    table(
      ["outbox", "unsent", "oldest"],
      outboxes.map((row) => [row.service, row.unsent, `${row.oldestSeconds.toFixed(1)} s`]),
    ),
    table(
      ["saga", "state", "count"],
      sagas.map((row) => [row.saga, row.status, row.count]),
    ),
  ].join("\n");
}

const readQueues = ({ queues }: Stores): Promise<QueueRow[]> =>
  Promise.all(
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

async function readOutboxes({ sql, orders }: Stores): Promise<OutboxRow[]> {
  const rows = await Promise.all(
    [...sql].map(async ([service, client]) => {
      const [row] = await client<{ unsent: number; oldest: number }[]>`
        select count(*)::int as unsent, coalesce(extract(epoch from now() - min(created_at)), 0)::float as oldest
        from outbox where sent_at is null`;
      return { service, unsent: row?.unsent ?? 0, oldestSeconds: row?.oldest ?? 0 };
    }),
  );
  // Uses the index `unsent`, so the total number of orders does not matter.
  const unsentOrders = { unsentSince: { $gt: new Date(0) } };
  const [unsent, oldest] = await Promise.all([
    orders.countDocuments(unsentOrders),
    orders.find(unsentOrders).sort({ unsentSince: 1 }).limit(1).next(),
  ]);
  const oldestSeconds = oldest?.unsentSince ? (Date.now() - oldest.unsentSince.getTime()) / 1000 : 0;
  return [...rows, { service: "order", unsent, oldestSeconds }];
}

async function countSagas({ orders, payments }: Stores): Promise<SagaRow[]> {
  const count = (match: object, status: string) =>
    orders
      .aggregate<SagaRow>([
        { $match: match },
        { $group: { _id: { saga: "$saga.name", status }, count: { $sum: 1 } } },
        { $project: { _id: 0, saga: "$_id.saga", status: "$_id.status", count: 1 } },
        { $sort: { saga: 1, status: 1 } },
      ])
      .toArray();
  const [underWay, stuck, total, paymentSagas] = await Promise.all([
    count(
      { wakeAt: { $gt: new Date(0) }, "saga.status": { $nin: sagaEndStatuses }, "saga.stuck": { $exists: false } },
      "$saga.status",
    ),
    count({ "saga.stuck": { $exists: true } }, "stuck"),
    orders.estimatedDocumentCount(),
    payments<SagaRow[]>`
      select saga->>'name' as saga, saga->>'status' as status, count(*)::int as count
      from payment where saga_wake_at is not null group by 1, 2 order by 1, 2`,
  ]);
  const open = [...underWay, ...stuck];
  const ended = total - open.reduce((sum, row) => sum + row.count, 0);
  return [...open, { saga: "all", status: "ended", count: Math.max(0, ended) }, ...paymentSagas];
}
