import { sagaEndStatuses } from "../../../services/_kit/saga/engine";
import type { OrderDocument } from "../../../services/order/store/documents";
import type { Stores } from "../stores";
import { age, table } from "../table";

type SagaRow = { orderId: string; saga: string; status: string; step: string; updatedAt: Date };
type StuckSagaRow = SagaRow & { command: string; reason: string };

/** `sagas`, `sagas stuck`: sagas of order and payment, the longest unchanged first. */
export const sagas = (stores: Stores, [filter]: string[]): Promise<string> =>
  filter === "stuck" ? showStuck(stores) : showUnderWay(stores);

async function showUnderWay(stores: Stores): Promise<string> {
  const rows = await sagasUnderWay(stores, 50);
  return table(
    ["order", "saga", "state", "step", "unchanged for"],
    rows.map(({ orderId, saga, status, step, updatedAt }) => [orderId, saga, status, step, age(updatedAt)]),
  );
}

async function showStuck(stores: Stores): Promise<string> {
  const rows = await sagasStuck(stores, 200);
  return table(
    ["order", "saga", "state", "step", "unanswered", "reason", "unchanged for"],
    rows.map(({ orderId, saga, status, step, command, reason, updatedAt }) => [
      ...[orderId, saga, status, step],
      ...[command, reason, age(updatedAt)],
    ]),
  );
}

/** Sagas that have not ended and are not parked. */
async function sagasUnderWay({ orders, payments }: Stores, limit: number): Promise<SagaRow[]> {
  const docs = await orders
    .find({ wakeAt: { $exists: true }, "saga.status": { $nin: sagaEndStatuses }, "saga.stuck": { $exists: false } })
    .sort({ updatedAt: 1 })
    .limit(limit)
    .toArray();
  const rows = [...docs.map(toRow), ...(await paymentSagas(payments, { limit, unchangedSeconds: 0 }))];
  return rows.sort((a, b) => a.updatedAt.getTime() - b.updatedAt.getTime()).slice(0, limit);
}

/** Order parks a saga that has no reply for ten minutes. Payment parks none; its sagas are listed after that time. */
async function sagasStuck({ orders, payments }: Stores, limit: number): Promise<StuckSagaRow[]> {
  const docs = await orders
    .find({ "saga.stuck": { $exists: true } })
    .hint("stuck")
    .sort({ updatedAt: 1 })
    .limit(limit)
    .toArray();
  return [
    ...docs.map((doc) => ({
      ...toRow(doc),
      command: doc.history.findLast(({ note }) => !note)?.type ?? "",
      reason: [doc.saga.stuck, doc.saga.failure?.code].filter(Boolean).join(", "),
    })),
    ...(await paymentSagas(payments, { limit, unchangedSeconds: 600 })).map((row) => ({
      ...row,
      command: `order.${row.step}`,
      reason: "no answer, still retried",
    })),
  ];
}

const toRow = ({ _id, saga, updatedAt }: OrderDocument): SagaRow => ({
  orderId: _id,
  saga: saga.name,
  status: saga.status,
  step: saga.step,
  updatedAt,
});

/** Payment's own sagas that wait for a reply and have not changed for at least `unchangedSeconds`. */
const paymentSagas = (
  payments: Stores["payments"],
  o: { limit: number; unchangedSeconds: number },
): Promise<SagaRow[]> =>
  payments<SagaRow[]>`
    select order_id as "orderId", saga->>'name' as saga, saga->>'status' as status, saga->>'step' as step,
      updated_at as "updatedAt"
    from payment where saga_wake_at is not null and updated_at <= now() - make_interval(secs => ${o.unchangedSeconds})
    order by updated_at limit ${o.limit}`;
