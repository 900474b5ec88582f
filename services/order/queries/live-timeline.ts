import type { User } from "@shop/kit/auth/access";
import type { Deps } from "../deps";
import { orderNotFound } from "./orders";

/**
 * An order's timeline as a stream, for its owner only.
 * @param lastEventId the `seq` of the last entry that the client has. If it is higher than the order's last `seq`, the
 *   stream begins with the next new entry.
 * @throws AppError `order.not_found` (404) also for another user's order, `order.too_many_streams` (429)
 */
export async function liveTimeline(
  deps: Deps,
  user: User,
  orderId: string,
  lastEventId = "0",
): Promise<ReadableStream<Uint8Array>> {
  const stored = await deps.store.load(orderId);
  if (stored?.order.userId !== user.id) throw orderNotFound();
  const last = stored.timeline.at(-1)?.seq ?? 0;
  return deps.live.open({ user, orderId, after: Math.min(Number(lastEventId), last) });
}
