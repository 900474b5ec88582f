import type { Clock } from "@shop/kit/clock";
import type { HistoryEntry } from "@shop/kit/outbox/mongo-document";
import type { Collection } from "mongodb";
import type { LoadTimelines, OrderStore } from "../deps";
import type { Order } from "../domain/order";
import { paymentRefusal } from "../domain/payability";
import { type OrderDocument, toOrder, toStored, toTimelineEntry } from "./documents";
import { listFilter } from "./list-filter";
import type { OrderReadModels } from "./read-models";

type OrderReads = Pick<OrderStore, "load" | "loadByKey" | "loadPayables" | "findLapsed" | "listByUser"> & {
  loadTimelines: LoadTimelines;
};

export function orderReads(o: {
  orders: Collection<OrderDocument>;
  readModels: Pick<OrderReadModels, "historyBefore">;
  clock: Clock;
}): OrderReads {
  const { orders, readModels } = o;

  /** @param after entries up to this `seq` are not needed */
  async function loadOlder(
    { _id, history }: Pick<OrderDocument, "_id" | "history">,
    after = 0,
  ): Promise<HistoryEntry[]> {
    const first = history[0]?.seq ?? 1;
    return after + 1 < first ? readModels.historyBefore(_id, first) : [];
  }

  return {
    async load(orderId) {
      const doc = await orders.findOne({ _id: orderId });
      return doc ? toStored(doc, await loadOlder(doc)) : undefined;
    },

    async loadByKey(scope) {
      const doc = await orders.findOne({ "idempotency.scope": scope });
      return doc ? { stored: toStored(doc), requestHash: doc.idempotency?.hash } : undefined;
    },

    async loadPayables(orderIds) {
      const order = { userId: 1, total: 1, status: 1, holdExpiresAt: 1, cancelReason: 1 };
      const projection = { ...order, "saga.status": 1, "saga.step": 1 };
      const docs = await orders.find({ _id: { $in: orderIds } }, { projection }).toArray();
      return docs.map((doc) => {
        const payable = doc.saga.status === "running" && doc.saga.step === "funds";
        const refusal = paymentRefusal(doc, o.clock.now());
        return { orderId: doc._id, userId: doc.userId, amount: doc.total, payable, ...(refusal && { refusal }) };
      });
    },

    async findLapsed(now, limit) {
      const docs = await orders
        .find({ status: "awaiting_payment", holdExpiresAt: { $lte: now } }, { projection: { _id: 1 } })
        .sort({ holdExpiresAt: 1 })
        .limit(limit)
        .toArray();
      return docs.map((doc) => doc._id);
    },

    async listByUser(userId, query) {
      const { limit } = query;
      const docs = await orders
        .find(listFilter(userId, query), { projection: { history: 0, saga: 0 } })
        .sort({ _id: -1 })
        .limit(limit + 1)
        .toArray();
      const items = docs.slice(0, limit).map(toOrder);
      return { items, nextCursor: docs.length > limit ? (items.at(-1) as Order).id : null };
    },

    async loadTimelines(after) {
      // Read concern "majority": an entry that a client has seen must keep its number after a failover.
      const options = { projection: { status: 1, history: 1 }, readConcern: { level: "majority" } } as const;
      const docs = await orders.find({ _id: { $in: [...after.keys()] } }, options).toArray();
      return Promise.all(
        docs.map(async (doc) => {
          const older = await loadOlder(doc, after.get(doc._id));
          return { orderId: doc._id, status: doc.status, entries: [...older, ...doc.history].map(toTimelineEntry) };
        }),
      );
    },
  };
}
