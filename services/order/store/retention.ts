import { type Clock, plusDays } from "@shop/kit/clock";
import { firstIdAt } from "@shop/kit/ids";
import { sagaEndStatuses } from "@shop/kit/saga/engine";
import type { RetentionRule } from "@shop/kit/stores/retention";
import type { Db, Filter } from "mongodb";
import { type OrderDocument, ordersCollection, retentionStateCollection } from "./documents";
import { orderReadModels } from "./read-models";

/** Clients are promised that a key is remembered for one day. */
const idempotencyKeyDays = 2;

/**
 * The retention rules of orders. Ids begin with their creation time, so both rules read the collection in id order and
 * need no index of their own.
 * @param o.orderDays after how many days without a change an order is removed; without it orders are kept for ever
 */
export function retentionRules(o: { db: Db; clock: Clock; orderDays?: number }): RetentionRule[] {
  const { orderDays } = o;
  return [removeKeys(o), ...(orderDays === undefined ? [] : [removeOldOrders({ ...o, orderDays })])];
}

/** Removes idempotency keys. Stores how far it has come, so that orders that never had a key are not read again each time. */
function removeKeys({ db, clock }: { db: Db; clock: Clock }): RetentionRule {
  const orders = ordersCollection(db);
  const state = retentionStateCollection(db);
  return {
    name: "order.idempotency",
    async removeBatch(limit) {
      const from = (await state.findOne({ _id: "idempotency" }))?.upTo ?? "";
      const before = firstIdAt(plusDays(clock.now(), -idempotencyKeyDays));
      const range = await orders
        .find({ _id: { $gt: from, $lt: before } }, { projection: { _id: 1 } })
        .sort({ _id: 1 })
        .limit(limit)
        .toArray();
      const upTo = range.at(-1)?._id;
      if (!upTo) return { removed: 0, isDone: true };
      const { modifiedCount } = await orders.updateMany(
        { _id: { $gt: from, $lte: upTo }, "idempotency.scope": { $exists: true } },
        { $unset: { idempotency: "" } },
        { hint: "_id_" },
      );
      await state.updateOne({ _id: "idempotency" }, { $max: { upTo } }, { upsert: true });
      return { removed: modifiedCount, isDone: range.length < limit };
    },
  };
}

/**
 * Removes orders of any status that have not changed for `orderDays`, unless their saga continues or is parked, or they
 * have unsent messages.
 */
function removeOldOrders({ db, clock, orderDays }: { db: Db; clock: Clock; orderDays: number }): RetentionRule {
  const orders = ordersCollection(db);
  const readModels = orderReadModels(db);
  return {
    name: "order.orders",
    async removeBatch(limit) {
      const before = plusDays(clock.now(), -orderDays);
      const removable: Filter<OrderDocument> = {
        _id: { $lt: firstIdAt(before) },
        updatedAt: { $lt: before },
        "saga.status": { $in: sagaEndStatuses },
        wakeAt: { $exists: false },
      };
      const found = await orders
        .find(removable, { projection: { items: 1 } })
        .sort({ _id: 1 })
        .limit(limit)
        .hint("_id_")
        .toArray();
      const ids = found.map((doc) => doc._id);
      const { deletedCount } = await orders.deleteMany({ ...removable, _id: { $in: ids } });
      // An order that changed in the meantime was not deleted, and keeps its history.
      const rest = await orders.find({ _id: { $in: ids } }, { projection: { _id: 1 } }).toArray();
      const keptIds = new Set(rest.map((doc) => doc._id));
      await readModels.remove(found.filter((doc) => !keptIds.has(doc._id)));
      return { removed: deletedCount, isDone: found.length < limit };
    },
  };
}
