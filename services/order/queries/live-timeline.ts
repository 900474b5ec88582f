import type { User } from "@shop/kit/auth/access";
import type { Deps } from "../deps";
import { orderNotFound } from "./order";

/**
 * An order's timeline as it happens, for its owner alone. A number that the timeline has not reached was not ours: what is
 * new is sent from here on.
 * @throws AppError `order.not_found` (404) for somebody else's too, `order.too_many_streams` (429)
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
