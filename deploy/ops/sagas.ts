import { sagaEndStatuses } from "../../services/_kit/saga/engine";
import { type Entry, type OrderRecord, paymentsOf, type Stores } from "./stores";

export type SagaLine = { orderId: string; saga: string; status: string; step: string; movedAt: Date };

/** Sagas that are not at an end nor parked, order's and payment's, the one that has not moved for longest first. */
export async function sagasUnderWay({ orders, sql }: Stores, limit: number): Promise<SagaLine[]> {
  const own = await orders
    .find({ wakeAt: { $exists: true }, "saga.status": { $nin: sagaEndStatuses }, "saga.stuck": { $exists: false } })
    .sort({ updatedAt: 1 })
    .limit(limit)
    .toArray();
  const paying = await payingSagas(sql, limit);
  return [...own.map(lineOf), ...paying].sort((a, b) => a.movedAt.getTime() - b.movedAt.getTime()).slice(0, limit);
}

/** One that is parked, or that payment asks for on: since when, and which question has no answer. */
export type StuckSaga = SagaLine & { question: string; reason: string };

/** Sagas that are parked, the one that was parked first before the others. */
export async function sagasStuck({ orders, sql }: Stores, limit: number): Promise<StuckSaga[]> {
  const docs = await orders
    .find({ "saga.stuck": { $exists: true } })
    .hint("stuck")
    .sort({ updatedAt: 1 })
    .limit(limit)
    .toArray();
  const paying = await payingSagas(sql, limit, 600);
  return [
    ...docs.map((doc) => ({
      ...lineOf(doc),
      question: doc.history.findLast(({ note }) => !note)?.type ?? "",
      reason: [doc.saga.stuck, doc.saga.failure?.code].filter(Boolean).join(", "),
    })),
    ...paying.map((line) => ({ ...line, question: `order.${line.step}`, reason: "asked for on" })),
  ];
}

const lineOf = ({ _id, saga, updatedAt }: OrderRecord): SagaLine => ({
  orderId: _id,
  saga: saga.name,
  status: saga.status,
  step: saga.step,
  movedAt: updatedAt,
});

/** Payment's own sagas that are under way and have not moved for so long, the one that has not for longest first. */
const payingSagas = (sql: Stores["sql"], limit: number, restedSeconds = 0): Promise<SagaLine[]> =>
  paymentsOf(sql)<SagaLine[]>`
    select order_id as "orderId", saga->>'name' as saga, saga->>'status' as status, saga->>'step' as step,
      updated_at as "movedAt"
    from payment where saga_wake_at is not null and updated_at <= now() - make_interval(secs => ${restedSeconds})
    order by updated_at limit ${limit}`;

/** A line of what happened to an order, whoever wrote it. */
export type StoryLine = { at: string; service: string; type: string; detail: string; sent: boolean };

/** An order's saga with every message of every service, by time. @returns undefined if there is no such order */
export async function story({ orders, sql }: Stores, orderId: string) {
  const order = await orders.findOne({ _id: orderId });
  if (!order) return undefined;
  const own = order.history.map((entry) => ({
    at: entry.time,
    service: "order",
    type: entry.type,
    detail: detailOf(entry),
    sent: Boolean(entry.note) || entry.seq <= order.sentSeq,
  }));
  const others = await Promise.all(
    [...sql].map(async ([service, client]) => {
      const rows = await client<
        { body: { time: string; type: string; data: Record<string, unknown> }; sent: boolean }[]
      >`
        select body, sent_at is not null as sent from outbox where subject = ${orderId} order by seq`;
      return rows.map(({ body, sent }) => ({
        at: body.time,
        service,
        type: body.type,
        detail: String(body.data.change ?? body.data.code ?? ""),
        sent,
      }));
    }),
  );
  const lines: StoryLine[] = [...own, ...others.flat()].sort((a, b) => a.at.localeCompare(b.at));
  return { order, lines };
}

function detailOf({ note, data }: Entry): string {
  return note ? [data.step, data.outcome, data.code].filter(Boolean).join(" ") : "";
}

/**
 * Has the questions of an order's sagas sent again now, and often enough after that, parked or not.
 * @returns false if none is under way
 */
export async function resume({ orders, sql }: Stores, orderId: string): Promise<boolean> {
  const paying = await paymentsOf(sql)`
    update payment set saga_wake_at = now() where order_id::text = ${orderId} and saga_wake_at is not null`;
  const { matchedCount } = await orders.updateOne(
    { _id: orderId, "saga.status": { $nin: sagaEndStatuses } },
    {
      $set: { askNow: true, asked: 0, waitedSeconds: 0, wakeAt: new Date(0) },
      $unset: { "saga.stuck": "" },
      $inc: { version: 1 },
    },
  );
  return matchedCount + paying.count > 0;
}
