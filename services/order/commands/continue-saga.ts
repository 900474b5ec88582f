import type { Message } from "@shop/kit/messaging/envelope";
import { advance } from "@shop/kit/saga/engine";
import type { Deps } from "../deps";
import { findSaga } from "../sagas/registry";
import { measureSagaEnd } from "./change-order";

/** Advances an order's saga by a participant's event. An event that is not a reply to the current step changes nothing. */
export async function continueSaga(deps: Deps, { orderId }: { orderId: string }, message: Message): Promise<void> {
  let recent = deps.store.findRecent(orderId);
  for (;;) {
    const stored = recent ?? (await deps.store.load(orderId));
    if (!stored) return deps.log.warn({ orderId }, "event for an unknown order");
    const next = advance(findSaga(stored.saga), stored.order, stored.saga, { kind: "message", message });
    if (next && (await deps.store.commit(stored, next, "reply"))) return measureSagaEnd(stored, next, deps.clock.now());
    // `recent` may be outdated, because another process may have written since. The stored order is then tried as well.
    if (!next && !recent) return;
    recent = undefined;
  }
}
