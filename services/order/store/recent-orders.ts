import { hasEnded } from "@shop/kit/saga/engine";
import type { OrderDocument } from "./documents";

const documentsMax = 5_000;

/**
 * Documents that this process wrote and whose saga continues. The next reply of the saga most likely arrives at the same
 * process, which then does not need to load the order.
 */
export function recentOrders() {
  const docs = new Map<string, OrderDocument>();
  return {
    get: (orderId: string): OrderDocument | undefined => docs.get(orderId),
    add(doc: OrderDocument): void {
      docs.delete(doc._id);
      if (!hasEnded(doc.saga)) docs.set(doc._id, doc);
      if (docs.size > documentsMax) docs.delete(docs.keys().next().value as string);
    },
  };
}
