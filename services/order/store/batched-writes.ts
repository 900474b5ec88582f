import { batched } from "@shop/kit/async/batch";
import { isDuplicateKey } from "@shop/kit/stores/mongo";
import type { AnyBulkWriteOperation, Collection, UpdateFilter } from "mongodb";
import type { OrderDocument } from "./documents";

type Update = {
  id: string;
  version: number;
  update: UpdateFilter<OrderDocument>;
  /** A history entry that this update adds, by which it is known again. */
  entryId: string | undefined;
};

/**
 * Writes of single documents that come at the same time go to the server in one command and wait for its journal once.
 * Each stays atomic by itself.
 */
export function orderWrites(orders: Collection<OrderDocument>) {
  const send = (operations: AnyBulkWriteOperation<OrderDocument>[]) => orders.bulkWrite(operations, { ordered: false });

  const insert = batched<OrderDocument, void>({
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
    maxSize: 64,
    maxConcurrent: 1,
    async run(updates) {
      const { matchedCount } = await send(
        updates.map((it) => ({ updateOne: { filter: { _id: it.id, version: it.version }, update: it.update } })),
      );
      if (matchedCount === updates.length) return updates.map(() => true);
      if (matchedCount === 0) return updates.map(() => false);
      // Some met another version, and the server does not say which.
      return Promise.all(updates.map(isWritten));
    },
  });

  return {
    /** @returns false if an order with this idempotency key is there already. @throws when the store does not take it */
    async insert(doc: OrderDocument): Promise<boolean> {
      try {
        await insert(doc);
        return true;
      } catch (error) {
        if (!isDuplicateKey(error)) throw error;
        // Its group failed for another's sake, and it was written then.
        return (await orders.countDocuments({ _id: doc._id })) === 1;
      }
    },
    /**
     * Writes if the document has this version still.
     * @returns false if it has not. A group that failed as a whole and is done again may say so of one that was written: look again
     */
    update: (it: Update): Promise<boolean> => update(it),
  };
}
