import { every } from "@shop/kit/async/every";
import type { Log } from "@shop/kit/telemetry/log";
import type { Collection } from "mongodb";
import { ordersUnderWay } from "../metrics";
import type { OrderDocument } from "./documents";

/**
 * How many orders are on their way: messages not sent yet, or a saga that waits for an answer. It grows while Redis is
 * away or a participant is slow. Those that wait for their buyer's money are nobody's work and do not count.
 */
export function orderBacklog(o: { orders: Collection<OrderDocument>; limit: number; log: Log; everyMs?: number }) {
  let underWay = 0;

  async function count(): Promise<void> {
    underWay = await o.orders.countDocuments(
      { wakeAt: { $gt: new Date(0) }, status: { $ne: "awaiting_payment" as never } },
      { limit: o.limit, hint: "due_with_status" },
    );
    ordersUnderWay.set(underWay);
  }

  const stop = every(o.everyMs ?? 1_000, count, o.log, "at once");
  return {
    /** As of the last second. */
    isFull: () => underWay >= o.limit,
    close: stop,
  };
}
