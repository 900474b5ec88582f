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
  const waking = await orders
    .find({ wakeAt: { $exists: true } }, { projection: { updatedAt: 1, sentSeq: 1, lastSeq: 1 } })
    .hint("due_with_status")
    .toArray();
  const unsent = waking.filter((order) => order.sentSeq < order.lastSeq);
  const oldestMs = Math.min(Date.now(), ...unsent.map((order) => order.updatedAt.getTime()));
  const sagas = await orders
    .aggregate<{ _id: { saga: string; status: string }; count: number }>([
      { $group: { _id: { saga: "$saga.name", status: "$saga.status" }, count: { $sum: 1 } } },
      { $sort: { "_id.saga": 1, "_id.status": 1 } },
    ])
    .toArray();
  const paying = await paymentsOf(sql)<Status["sagas"]>`
    select saga->>'name' as saga, saga->>'status' as status, count(*)::int as count
    from payment where saga is not null group by 1, 2 order by 1, 2`;
  return {
    queues: queueRows,
    outboxes: [
      ...outboxRows,
      { service: "order", unsent: unsent.length, oldestSeconds: (Date.now() - oldestMs) / 1000 },
    ],
    sagas: [...sagas.map(({ _id, count }) => ({ ..._id, count })), ...paying],
  };
}
