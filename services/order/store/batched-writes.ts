import { batched } from "@shop/kit/async/batch";
import { isDuplicateKey } from "@shop/kit/stores/mongo";
import type { AnyBulkWriteOperation, Collection, UpdateFilter } from "mongodb";
import type { OrderDocument } from "./documents";

type Update = {
  id: string;
  /** The version that the update expects. */
  version: number;
  update: UpdateFilter<OrderDocument>;
  /** The id of a history entry that this update adds. If the document has this entry, the update was written. */
  entryId: string | undefined;
};

/**
 * Sends writes of single documents that arrive at the same time in one command, so that they wait for one journal flush. Each
 * write stays atomic by itself.
 */
export function batchedWrites(orders: Collection<OrderDocument>) {
  const send = (operations: AnyBulkWriteOperation<OrderDocument>[]) => orders.bulkWrite(operations, { ordered: false });

  const insert = batched<OrderDocument, void>({
    name: "insert orders",
    maxSize: 64,
    maxConcurrent: 1,
    async run(docs) {
      await send(docs.map((document) => ({ insertOne: { document } })));
      return docs.map(() => undefined);
    },
  });

  const isWritten = async ({ id, entryId }: Update): Promise<boolean> =>
    entryId !== undefined && (await orders.countDocuments({ _id: id, "history.id": entryId })) === 1;

  const update = batched<Update, boolean>({
    name: "update orders",
    maxSize: 64,
    maxConcurrent: 1,
    async run(updates) {
      const { matchedCount } = await send(
        updates.map(({ id, version, update }) => ({ updateOne: { filter: { _id: id, version }, update } })),
      );
      if (matchedCount === updates.length) return updates.map(() => true);
      if (matchedCount === 0) return updates.map(() => false);
      // Some documents had another version. The server does not say which.
      return Promise.all(updates.map(isWritten));
    },
  });

  return {
    /**
     * @returns false if another order has the same idempotency key
     * @throws if the store does not accept the write
     */
    async insert(doc: OrderDocument): Promise<boolean> {
      try {
        await insert(doc);
        return true;
      } catch (error) {
        if (!isDuplicateKey(error)) throw error;
        // The duplicate may be another document of the batch; then this one was written.
        return (await orders.countDocuments({ _id: doc._id })) === 1;
      }
    },
    /**
     * Writes if the document still has the expected version.
     * @returns false if it has another version. The updates of a failed batch are repeated one by one; an update that the
     * failed batch has written then returns false, too. The caller must therefore reload the document.
     */
    update: (change: Update): Promise<boolean> => update(change),
  };
}
