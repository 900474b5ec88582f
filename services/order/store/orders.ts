import type { Clock } from "@shop/kit/clock";
import type { Publisher } from "@shop/kit/messaging/publisher";
import type { Log } from "@shop/kit/telemetry/log";
import type { Db } from "mongodb";
import type { LoadTimelines, OrderStore } from "../deps";
import { ordersCollection, queueStateCollection, toDocument, toStored } from "./documents";
import { orderReads } from "./order-reads";
import { orderWrites } from "./order-writes";
import { orderOutbox } from "./outbox";
import { orderReadModels } from "./read-models";
import { recentOrders } from "./recent-orders";

/** The store of orders: reads, writes, the outbox, and the orders that this process wrote recently. */
export function orderStore(o: {
  db: Db;
  publisher: Publisher;
  clock: Clock;
  log: Log;
  /** How long a saga waits for the reply to a step before `giveUp` is called. */
  replyLimitSeconds: number;
  giveUp: (orderId: string, version: number) => Promise<void>;
  /** Called after each write of an order. */
  onWritten?: (orderId: string) => void;
}): OrderStore & { loadTimelines: LoadTimelines; close(): Promise<void> } {
  const orders = ordersCollection(o.db);
  const readModels = orderReadModels(o.db);
  const outbox = orderOutbox({ ...o, orders, queueState: queueStateCollection(o.db), project: readModels.project });
  const recent = recentOrders();
  const reads = orderReads({ orders, readModels, clock: o.clock });
  const writes = orderWrites({
    orders,
    outbox,
    clock: o.clock,
    loadByKey: reads.loadByKey,
    onWritten(doc) {
      recent.add(doc);
      outbox.publishCommitted(doc);
      o.onWritten?.(doc._id);
    },
  });

  return {
    ...reads,
    ...writes,
    findRecent(orderId) {
      const doc = recent.get(orderId);
      return doc && toStored(doc);
    },
    resendLatest(stored, types, sagaId) {
      const doc = toDocument(stored);
      const latest = doc.history.findLast(
        ({ type, sagaid }) => sagaid === sagaId && (types as string[]).includes(type),
      );
      if (latest) outbox.resend(doc, latest);
    },
    close: () => outbox.close(),
  };
}
