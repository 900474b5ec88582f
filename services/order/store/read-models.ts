import type { HistoryEntry } from "@shop/kit/outbox/mongo";
import { isDuplicateKey } from "@shop/kit/stores/mongo";
import type { AnyBulkWriteOperation, Collection, Db } from "mongodb";
import type { OrderDocument } from "./documents";

/** A part of an order's history as it was when it was kept: `_id` is `<orderId>/<first seq>`. Only ever added to. */
export type HistoryPart = { _id: string; to: number; entries: HistoryEntry[] };

/** That an order contains a product: `_id` is `<productId>/<orderId>`, so a product's orders are a range of ids, by time. */
export type OrderItem = { _id: string; userId: string; quantity: number };

export const historyOf = (db: Db): Collection<HistoryPart> => db.collection<HistoryPart>("order_history");
export const itemsOf = (db: Db): Collection<OrderItem> => db.collection<OrderItem>("order_items");

const partId = (orderId: string, from: number) => `${orderId}/${String(from).padStart(6, "0")}`;
/** All ids that begin with `<id>/`: "0" is the character after "/". */
export const below = (id: string) => ({ $gte: `${id}/`, $lt: `${id}0` });

/**
 * The entries of an order's parts, which are in the order of their ids. Parts may overlap, where one was written from a
 * document as it was before another was noted; an entry is the same in both.
 */
export function entriesOf(parts: readonly HistoryPart[]): HistoryEntry[] {
  const entries: HistoryEntry[] = [];
  for (const entry of parts.flatMap((part) => part.entries)) {
    if (entry.seq > (entries.at(-1)?.seq ?? 0)) entries.push(entry);
  }
  return entries;
}

/**
 * Read models: whole histories, and which orders contain a product. The relay has them written when it notes an order's
 * messages as sent, for all orders of a second together; a crash before the note has them written again.
 */
export function orderViews(db: Db) {
  const history = historyOf(db);
  const items = itemsOf(db);

  async function keepHistory(docs: OrderDocument[]): Promise<void> {
    const parts = docs.map((doc) => {
      const from = (doc.projectedSeq ?? 0) + 1;
      const entries = doc.history.filter((entry) => entry.seq >= from);
      return { _id: partId(doc._id, from), to: doc.lastSeq, entries };
    });
    const fresh = parts.filter(({ entries }) => entries.length > 0);
    await add(history, fresh, async () => {
      // A part that is there already is replaced by one that holds more, never by one that holds less.
      const longer = fresh.map(
        ({ _id, ...part }): AnyBulkWriteOperation<HistoryPart> => ({
          updateOne: { filter: { _id, to: { $lt: part.to } }, update: { $set: part } },
        }),
      );
      await history.bulkWrite(longer, { ordered: false });
    });
  }

  async function keepItems(orders: Pick<OrderDocument, "_id" | "userId" | "items">[]): Promise<void> {
    const lines = orders.flatMap(({ _id, userId, items }) =>
      items.map(({ productId, quantity }) => ({ _id: `${productId}/${_id}`, userId, quantity })),
    );
    await add(items, lines, async () => {});
  }

  return {
    /** What the read models do not have yet of these orders. Doing it twice does it once. */
    project: async (docs: OrderDocument[]): Promise<void> => {
      await Promise.all([keepHistory(docs), keepItems(docs.filter((doc) => !doc.projectedSeq))]);
    },
    keepItems,
    /** Everything there is of these orders. */
    async remove(orders: Pick<OrderDocument, "_id" | "items">[]): Promise<void> {
      if (orders.length === 0) return;
      const lines = orders.flatMap((order) => order.items.map(({ productId }) => `${productId}/${order._id}`));
      await history.bulkWrite(
        orders.map(({ _id }) => ({ deleteMany: { filter: { _id: below(_id) } } })),
        { ordered: false },
      );
      await items.deleteMany({ _id: { $in: lines } });
    },
    /** An order's history up to an entry, which is not its document's any more. */
    async historyBefore(orderId: string, seq: number): Promise<HistoryEntry[]> {
      const parts = await history
        .find({ _id: below(orderId) })
        .sort({ _id: 1 })
        .toArray();
      return entriesOf(parts).filter((entry) => entry.seq < seq);
    },
  };
}

/** Inserts what is not there; `again` is for what is. */
async function add<T extends { _id: string }>(to: Collection<T>, docs: T[], again: () => Promise<void>): Promise<void> {
  if (docs.length === 0) return;
  try {
    await to.insertMany(docs as never, { ordered: false });
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
    await again();
  }
}
