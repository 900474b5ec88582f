import type { Message } from "@shop/kit/messaging/envelope";
import { advance } from "@shop/kit/saga/engine";
import type { Deps } from "../deps";
import { sagaOf } from "../sagas/registry";
import { measure } from "./change-order";

/** Moves an order's saga on by a participant's event. What is no answer to the step under way changes nothing. */
export async function continueSaga(deps: Deps, { orderId }: { orderId: string }, message: Message): Promise<void> {
  let recent = deps.store.recent(orderId);
  for (;;) {
    const stored = recent ?? (await deps.store.load(orderId));
    if (!stored) return deps.log.warn({ orderId }, "a message about an order that does not exist");
    const next = advance(sagaOf(stored.saga), stored.order, stored.saga, { kind: "message", message });
    if (next && (await deps.store.commit(stored, next, "answer"))) return measure(stored, next, deps.clock.now());
    // What is no answer to an order as it was may be one to the order as it is.
    if (!next && !recent) return;
    recent = undefined;
  }
}
