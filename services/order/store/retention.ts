import { type Clock, plusDays } from "@shop/kit/clock";
import { firstIdAt } from "@shop/kit/ids";
import { sagaEndStatuses } from "@shop/kit/saga/engine";
import type { RetentionRule } from "@shop/kit/stores/retention";
import type { Db, Filter } from "mongodb";
import { type OrderDocument, ordersOf, retentionStateOf } from "./documents";
import { orderViews } from "./read-models";

/** Clients are promised a day. */
const keyDays = 2;

/**
 * What an order no longer needs, then the order itself. An order's id says when it was made, so both read the collection
 * in the order of its ids, and need no index of their own.
 */
export function retentionRules(o: { db: Db; clock: Clock; orderDays?: number }): RetentionRule[] {
  const orders = ordersOf(o.db);
  const state = retentionStateOf(o.db);
  const views = orderViews(o.db);
  const daysAgo = (days: number) => plusDays(o.clock.now(), -days);

  const keys: RetentionRule = {
    what: "order.idempotency",
    // Remembers how far it came: most orders without a key never had one, and are not to be read each time.
    async removeSome(limit) {
      const from = (await state.findOne({ _id: "idempotency" }))?.upTo ?? "";
      const range = await orders
        .find({ _id: { $gt: from, $lt: firstIdAt(daysAgo(keyDays)) } }, { projection: { _id: 1 } })
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

  const ended = (days: number): RetentionRule => ({
    what: "order.orders",
    async removeSome(limit) {
      const at = daysAgo(days);
      // Whatever its status: nothing has happened to it for so long. One under way, or parked, stays.
      const old: Filter<OrderDocument> = {
        _id: { $lt: firstIdAt(at) },
        updatedAt: { $lt: at },
        "saga.status": { $in: sagaEndStatuses },
        wakeAt: { $exists: false },
      };
      const found = await orders
        .find(old, { projection: { items: 1 } })
        .sort({ _id: 1 })
        .limit(limit)
        .hint("_id_")
        .toArray();
      const ids = found.map((doc) => doc._id);
      const { deletedCount } = await orders.deleteMany({ ...old, _id: { $in: ids } });
      // One that something happened to meanwhile has stayed, and keeps its history.
      const stayed = await orders.find({ _id: { $in: ids } }, { projection: { _id: 1 } }).toArray();
      const staying = new Set(stayed.map((doc) => doc._id));
      await views.remove(found.filter((doc) => !staying.has(doc._id)));
      return { removed: deletedCount, isDone: found.length < limit };
    },
  });

  return [keys, ...(o.orderDays === undefined ? [] : [ended(o.orderDays)])];
}
