import type { DataFor } from "@shop/contracts/messages";
import type { HistoryEntry, OutboxDocument, QueueState } from "@shop/kit/outbox/mongo";
import type { SagaState } from "@shop/kit/saga/engine";
import type { Collection, Db } from "mongodb";
import type { Idempotency, StoredOrder, TimelineEntry } from "../deps";
import type { Order } from "../domain/order";

/** An order as it is stored: state, saga, messages and idempotency key in one document, so one write moves them all. */
export type OrderDocument = OutboxDocument & Omit<Order, "id"> & { saga: SagaState; idempotency?: Idempotency };

export const ordersOf = (db: Db): Collection<OrderDocument> => db.collection<OrderDocument>("orders");
export const queueStateOf = (db: Db): Collection<QueueState> => db.collection<QueueState>("queue_state");

/** How far a retention rule has come that leaves no trace of its own. */
export type RetentionState = { _id: string; upTo: string };
export const retentionStateOf = (db: Db): Collection<RetentionState> => db.collection<RetentionState>("retention");

/** Every query has its index; see the store for which. An index changes by getting another name: the old one is dropped. */
export async function createIndexes(db: Db): Promise<void> {
  const orders = ordersOf(db);
  const names = await orders.createIndexes([
    { key: { userId: 1, _id: -1 }, name: "by_user" },
    { key: { userId: 1, status: 1, _id: -1 }, name: "by_user_and_status" },
    { key: { userId: 1, "items.productId": 1, _id: -1 }, name: "by_user_and_product" },
    { key: { wakeAt: 1, status: 1 }, name: "due_with_status", partialFilterExpression: { wakeAt: { $exists: true } } },
    { key: { sentAt: 1 }, name: "sent", sparse: true },
    { key: { holdExpiresAt: 1 }, name: "hold", partialFilterExpression: { status: "awaiting_payment" } },
    {
      key: { "saga.stuck": 1, "saga.name": 1, "saga.step": 1 },
      name: "stuck",
      partialFilterExpression: { "saga.stuck": { $exists: true } },
    },
    { key: { unsentSince: 1 }, name: "unsent", partialFilterExpression: { unsentSince: { $exists: true } } },
    {
      key: { "idempotency.scope": 1 },
      name: "idempotency",
      unique: true,
      partialFilterExpression: { "idempotency.scope": { $exists: true } },
    },
  ]);
  const old = (await orders.indexes()).filter(({ name }) => name !== "_id_" && !names.includes(name as string));
  await Promise.all(old.map(({ name }) => orders.dropIndex(name as string)));
}

/** @param older what the document holds no more of its history */
export function toStored(doc: OrderDocument, older: HistoryEntry[] = []): StoredOrder {
  const timeline = [...older, ...doc.history].map(toTimeline);
  return { order: toOrder(doc), saga: doc.saga, version: doc.version, timeline };
}

export const toOrder = (doc: OrderDocument): Order => ({
  id: doc._id,
  userId: doc.userId,
  status: doc.status,
  items: doc.items,
  total: doc.total,
  ...(doc.paymentMethod && { paymentMethod: doc.paymentMethod }),
  ...(doc.shippingAddress && { shippingAddress: doc.shippingAddress }),
  ...(doc.holdExpiresAt && { holdExpiresAt: doc.holdExpiresAt }),
  ...(doc.payment && { payment: doc.payment }),
  ...(doc.refusedPayments && { refusedPayments: doc.refusedPayments }),
  ...(doc.cancelRequested && { cancelRequested: doc.cancelRequested }),
  ...(doc.cancelReason && { cancelReason: doc.cancelReason }),
  createdAt: doc.createdAt,
  updatedAt: doc.updatedAt,
});

/** Of a note its content, of a message only that it was sent: its data is for its receiver. The parcel's way is the owner's to know. */
export function toTimeline(entry: OrderDocument["history"][number]): TimelineEntry {
  const line = { seq: entry.seq, type: entry.type, at: entry.time };
  if (entry.type === "order.status_changed") {
    const { to, reason } = entry.data as DataFor<"order.status_changed">;
    return { ...line, status: to, ...(reason && { reason }) };
  }
  return entry.note ? { ...line, ...(entry.data as Pick<TimelineEntry, "step" | "outcome" | "code">) } : line;
}
