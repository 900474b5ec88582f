import type { HistoryEntry } from "@shop/kit/outbox/mongo-document";
import { isDuplicateKey } from "@shop/kit/stores/mongo";
import type { AnyBulkWriteOperation, Collection, Db } from "mongodb";
import type { OrderDocument } from "./documents";

/**
 * A part of an order's history, in the collection `order_history`. `_id` is `<orderId>/<first seq>`, `to` is the last seq.
 * A part is never changed, except that a longer one replaces a shorter one with the same first entry.
 */
export type HistoryPart = { _id: string; to: number; entries: HistoryEntry[] };

/**
 * A product of an order, in the collection `order_items`. `_id` is `<productId>/<orderId>`, so the orders of a product are
 * sorted by time.
 */
export type OrderItem = { _id: string; userId: string; quantity: number };

export const historyCollection = (db: Db): Collection<HistoryPart> => db.collection<HistoryPart>("order_history");
export const itemsCollection = (db: Db): Collection<OrderItem> => db.collection<OrderItem>("order_items");

const toPartId = (orderId: string, from: number) => `${orderId}/${String(from).padStart(6, "0")}`;
/** A filter for all ids that begin with `<prefix>/`: "0" is the character after "/". */
export const idsBelow = (prefix: string) => ({ $gte: `${prefix}/`, $lt: `${prefix}0` });

/**
 * Joins the parts of one order's history, sorted by id. Parts overlap if one was written from an outdated document. An entry
 * that is in two parts is the same in both.
 */
export function joinParts(parts: readonly HistoryPart[]): HistoryEntry[] {
  const entries: HistoryEntry[] = [];
  for (const entry of parts.flatMap((part) => part.entries)) {
    if (entry.seq > (entries.at(-1)?.seq ?? 0)) entries.push(entry);
  }
  return entries;
}

/**
 * The read models: complete histories, and which orders contain a product. The outbox writes them before it records an
 * order's messages as sent, in batches of about one second. If the process crashes in between, the write is repeated.
 */
export function orderReadModels(db: Db) {
  const history = historyCollection(db);
  const items = itemsCollection(db);

  async function addHistory(docs: OrderDocument[]): Promise<void> {
    const parts = docs.map((doc) => {
      const from = (doc.projectedSeq ?? 0) + 1;
      const entries = doc.history.filter((entry) => entry.seq >= from);
      return { _id: toPartId(doc._id, from), to: doc.lastSeq, entries };
    });
    const added = parts.filter(({ entries }) => entries.length > 0);
    if (await insertMissing(history, added)) return;
    const replaceShorter = added.map(
      ({ _id, ...part }): AnyBulkWriteOperation<HistoryPart> => ({
        updateOne: { filter: { _id, to: { $lt: part.to } }, update: { $set: part } },
      }),
    );
    await history.bulkWrite(replaceShorter, { ordered: false });
  }

  async function addItems(orders: Pick<OrderDocument, "_id" | "userId" | "items">[]): Promise<void> {
    const lines = orders.flatMap(({ _id, userId, items }) =>
      items.map(({ productId, quantity }) => ({ _id: `${productId}/${_id}`, userId, quantity })),
    );
    await insertMissing(items, lines);
  }

  return {
    /** Writes what the read models do not have yet of these orders. Idempotent. */
    async project(docs: OrderDocument[]): Promise<void> {
      await Promise.all([addHistory(docs), addItems(docs.filter((doc) => !doc.projectedSeq))]);
    },
    addItems,
    /** Removes all records of these orders. */
    async remove(orders: Pick<OrderDocument, "_id" | "items">[]): Promise<void> {
      if (orders.length === 0) return;
      const itemIds = orders.flatMap((order) => order.items.map(({ productId }) => `${productId}/${order._id}`));
      await history.bulkWrite(
        orders.map(({ _id }) => ({ deleteMany: { filter: { _id: idsBelow(_id) } } })),
        { ordered: false },
      );
      await items.deleteMany({ _id: { $in: itemIds } });
    },
    /** The entries of an order's history before `seq`, which its document no longer has. */
    async historyBefore(orderId: string, seq: number): Promise<HistoryEntry[]> {
      const parts = await history
        .find({ _id: idsBelow(orderId) })
        .sort({ _id: 1 })
        .toArray();
      return joinParts(parts).filter((entry) => entry.seq < seq);
    },
  };
}

export type OrderReadModels = ReturnType<typeof orderReadModels>;

/** @returns whether none of the documents existed before; existing ones are left as they are */
async function insertMissing<T extends { _id: string }>(to: Collection<T>, docs: T[]): Promise<boolean> {
  if (docs.length === 0) return true;
  try {
    await to.insertMany(docs as never, { ordered: false });
    return true;
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
    return false;
  }
}
