import type { DataFor } from "@shop/contracts/messages";
import type { HistoryEntry, OutboxDocument, QueueState } from "@shop/kit/outbox/mongo-document";
import type { SagaState } from "@shop/kit/saga/definition";
import type { Collection, Db } from "mongodb";
import type { StoredOrder, StoreHandle, TimelineEntry } from "../deps";
import type { Order } from "../domain/order";

/**
 * An order as it is stored in the collection `orders`. State, saga, outbox and idempotency key are in one document, so one
 * write changes all of them atomically. Tools and tests that read the collection use this type.
 *
 * - The order itself, documented field by field in `Order`: `userId`, `status`, `items`, `total`, `shippingAddress`,
 *   `paymentMethod`, `holdExpiresAt`, `payment`, `refusedPayments`, `cancelRequested`, `cancelReason`, `createdAt`, `updatedAt`.
 * - The outbox, documented field by field in `OutboxDocument`: `_id`, `version`, `history`, `lastSeq`, `sentSeq`,
 *   `unsentSince`, `via`, `sentAt`, `sendAgain`, `projectedSeq`, `wakeAt`, `asked`, `waitedSeconds`, `askNow`.
 */
export type OrderDocument = Omit<Order, "id"> &
  OutboxDocument & {
    /** The order's id, a UUIDv7. */
    _id: Order["id"];
    /**
     * What happened to the order, oldest first: the messages that were or will be sent, and notes. A note has `note: true` and
     * the type `saga.step` (its data is a `StepOutcome`) or `order.changed` (no data). `set` is a `RecordedChange`.
     * A long history is cut at its beginning; the collection `order_history` has all of it.
     */
    history: HistoryEntry[];
    /** The saga that the order is in, or was in last. */
    saga: SagaState;
    /** The idempotency key that the order was placed with, and the hash of that request. Removed after two days. */
    idempotency?: { scope: string; hash: string };
  };

/** How far a retention rule has come: `upTo` is the last order id it has processed. `_id` is the rule. */
export type RetentionState = { _id: string; upTo: string };

export const ordersCollection = (db: Db): Collection<OrderDocument> => db.collection<OrderDocument>("orders");
export const queueStateCollection = (db: Db): Collection<QueueState> => db.collection<QueueState>("queue_state");
export const retentionStateCollection = (db: Db): Collection<RetentionState> =>
  db.collection<RetentionState>("retention");

/** The version of the indexes below. Raise it with every change of them: the service waits for this version. */
export const schemaVersion = 1;

/**
 * Every query has its index. To change an index, rename it: indexes whose name is not listed here are dropped. Drop one only
 * when no release that may still run uses it.
 */
export async function createIndexes(db: Db): Promise<void> {
  const orders = ordersCollection(db);
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
  await Promise.all(old.map(({ name }) => orders.dropIndex(name as string).catch(unlessMissing)));
}

const indexNotFound = 27;

/** Another process may have dropped the index at the same time. */
function unlessMissing(error: { code?: number }): void {
  if (error.code !== indexNotFound) throw error;
}

/** @param older the part of the history that the document no longer has */
export function toStored(doc: OrderDocument, older: HistoryEntry[] = []): StoredOrder {
  const timeline = [...older, ...doc.history].map(toTimelineEntry);
  return { order: toOrder(doc), saga: doc.saga, version: doc.version, timeline, handle: toHandle(doc) };
}

/** The handle is the document, with its type hidden from the use cases. */
const toHandle = (doc: OrderDocument): StoreHandle => doc as unknown as StoreHandle;

/** The document from which `toStored` made this order. */
export const toDocument = ({ handle }: StoredOrder): OrderDocument => handle as unknown as OrderDocument;

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

/**
 * The owner sees the data of notes and of status changes. Of other messages only the type is shown: their data is for the
 * receiver.
 */
export function toTimelineEntry(entry: HistoryEntry): TimelineEntry {
  const line = { seq: entry.seq, type: entry.type, at: entry.time };
  if (entry.type === "order.status_changed") {
    const { to, reason } = entry.data as DataFor<"order.status_changed">;
    return { ...line, status: to, ...(reason && { reason }) };
  }
  return entry.note ? { ...line, ...(entry.data as Pick<TimelineEntry, "step" | "outcome" | "code">) } : line;
}
