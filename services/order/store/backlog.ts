import { every } from "@shop/kit/async/every";
import type { Log } from "@shop/kit/telemetry/log";
import type { Collection } from "mongodb";
import { ordersUnderWay } from "../metrics";
import type { OrderDocument } from "./documents";

/**
 * Counts the orders in progress, up to `limit`: those with unsent messages or a saga that waits for a reply. Their number
 * grows while Redis is unavailable or a participant is slow. Orders that await payment are not counted.
 */
export function orderBacklog(o: { orders: Collection<OrderDocument>; limit: number; log: Log; everyMs?: number }) {
  let inProgress = 0;

  async function count(): Promise<void> {
    inProgress = await o.orders.countDocuments(
      { wakeAt: { $gt: new Date(0) }, status: { $ne: "awaiting_payment" as never } },
      { limit: o.limit, hint: "due_with_status" },
    );
    ordersUnderWay.set(inProgress);
  }

  const close = every(o.everyMs ?? 1_000, count, o.log, "at once");
  return {
    /** Whether the limit was reached at the last count, about a second ago. */
    isFull: () => inProgress >= o.limit,
    close,
  };
}
