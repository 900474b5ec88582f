import type { Entry, OrderRecord, Stores } from "./stores";

export const sagaEnds = ["completed", "compensated"];

/** Sagas that are not at an end nor parked, the one that has not moved for longest first. */
export const sagasUnderWay = ({ orders }: Stores, limit: number): Promise<OrderRecord[]> =>
  orders
    .find({ wakeAt: { $exists: true }, "saga.status": { $nin: sagaEnds }, "saga.stuck": { $exists: false } })
    .sort({ updatedAt: 1 })
    .limit(limit)
    .toArray();

/** One that is parked: since when, and which question has no answer. */
export type StuckSaga = { order: OrderRecord; since: Date; question: string; reason: string };

/** Sagas that are parked, the one that was parked first before the others. */
export async function sagasStuck({ orders }: Stores, limit: number): Promise<StuckSaga[]> {
  const docs = await orders
    .find({ "saga.stuck": { $exists: true } })
    .hint("stuck")
    .sort({ updatedAt: 1 })
    .limit(limit)
    .toArray();
  return docs.map((order) => ({
    order,
    since: order.updatedAt,
    question: order.history.findLast(({ note }) => !note)?.type ?? "",
    reason: [order.saga.stuck, order.saga.failure?.code].filter(Boolean).join(", "),
  }));
}

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

/** Has the saga's question sent again now, and often enough after that, parked or not. @returns false if there is no such saga under way */
export async function resume({ orders }: Stores, orderId: string): Promise<boolean> {
  const { matchedCount } = await orders.updateOne(
    { _id: orderId, "saga.status": { $nin: sagaEnds } },
    {
      $set: { askNow: true, asked: 0, waitedSeconds: 0, wakeAt: new Date(0) },
      $unset: { "saga.stuck": "" },
      $inc: { version: 1 },
    },
  );
  return matchedCount === 1;
}
